# The CVM client API. `make help` lists what can be asked for.
#
# One file, no recursion. Objects, generated sources and everything that tests start stay below build/,
# one folder a variant. CXXFLAGS, CPPFLAGS, LDFLAGS and LDLIBS belong to whoever builds; local settings
# go into config.mak.

-include config.mak

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION := 0.1.0
# Of the Debian package, and who answers for it.
DEB_VERSION ?= $(VERSION)
DEB_FOLDER ?= build/deb
DEB_MAINTAINER ?= CVM client API <noreply@cvm-client-api.invalid>

# ---- packages: the one list -------------------------------------------------------------------------

PACKAGES_run := libfcgi0ldbl libmysqlcppconn7v5 libssh2-1 libspdlog1.10 libprometheus-cpp-core1.0 libcivetweb1 libssl3 \
    libcrypt1 spawn-fcgi multiwatch
PACKAGES_build := g++ make binutils pkg-config libfcgi-dev rapidjson-dev libmysqlcppconn-dev libssh2-1-dev \
    libspdlog-dev prometheus-cpp-dev libcivetweb-dev libtomlplusplus-dev libcli11-dev libssl-dev \
    libcrypt-dev
PACKAGES_test := libboost-test-dev libcurl4-openssl-dev mariadb-server-core mariadb-client-core nginx \
    openssh-server openssh-client openssl sudo curl util-linux procps iproute2 prometheus
PACKAGES_bench := libcurl4-openssl-dev mariadb-server-core mariadb-client-core nginx openssh-server openssh-client \
    openssl sudo curl util-linux procps iproute2
PACKAGES_lint := clang-format clang-tidy
PACKAGES_fuzz := clang libclang-rt-14-dev
PACKAGES_package := dpkg-dev debootstrap util-linux iproute2
# In the chroot that the package is tried in, besides its own dependencies.
PACKAGES_chroot := systemd mariadb-server nginx-light fail2ban logrotate bash-completion man-db openssh-client curl lintian procps perl

# ---- modules: who may use whom ------------------------------------------------------------------------
# From the bottom up. `make layers` proves it, by includes and by link symbols.

MODULES := base json log metrics db ssh audit auth node traffic vps panel_import config api ctl

USES_base :=
USES_json := base
USES_log := base
USES_metrics := log base
USES_db := log base
USES_ssh := log base
USES_audit := db log base
USES_auth := audit db log base
USES_node := ssh audit db log metrics json base
USES_traffic := node audit ssh db log base
USES_vps := traffic node auth audit db log base
USES_panel_import := vps traffic auth node audit db log base
USES_config := vps traffic node auth audit ssh db log base
USES_api := vps auth log json base
USES_ctl := config panel_import vps traffic node auth audit ssh db log json base
USES_fcgi := api config vps traffic node auth audit ssh db log metrics base
USES_manual := fcgi ctl config base

# The one module that may include a library's headers.
DOORS := rapidjson/=json spdlog/=log fmt/=log prometheus/=metrics civetweb.h=metrics cppconn/=db mysql_=db libssh2=ssh \
    toml++/=config CLI/=ctl fcgiapp.h=fcgi fcgi_config.h=fcgi openssl/=base crypt.h=auth

# ---- variants and flags -----------------------------------------------------------------------------

VARIANT ?= release
VARIANT_FLAGS_release :=
VARIANT_FLAGS_debug := -O0 -D_GLIBCXX_ASSERTIONS
VARIANT_FLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
VARIANT_FLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
# Of `make fuzz` alone, by clang. RapidJSON adds to null pointers.
VARIANT_FLAGS_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer
ifeq ($(filter $(VARIANT),release debug asan tsan fuzz),)
$(error unknown VARIANT '$(VARIANT)': one of release, debug, asan, tsan)
endif
B := build/$(VARIANT)

CXXFLAGS ?= -O2 -g1
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wconversion \
    -Wsign-conversion -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Wundef
# What is built is the same with it, so the stamp of the flags does not know it: CI begins with WERROR=1.
ERROR_FLAGS := $(if $(filter 1,$(WERROR)),-Werror)
HARDENING := -fstack-protector-strong -fstack-clash-protection -fPIE -D_FORTIFY_SOURCE=2
ifneq ($(filter $(VARIANT),debug asan tsan fuzz),)
HARDENING := -fPIE
endif
ALL_CXXFLAGS = -std=c++17 -pthread $(CXXFLAGS) $(HARDENING) $(VARIANT_FLAGS_$(VARIANT)) $(WARNINGS)
ALL_CPPFLAGS = -I. -DCVM_VERSION='"$(VERSION)"' -DSPDLOG_COMPILED_LIB -DSPDLOG_SHARED_LIB \
    -DSPDLOG_FMT_EXTERNAL $(CPPFLAGS)
ALL_LDFLAGS = -pthread -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT_FLAGS_$(VARIANT)) $(LDFLAGS)

LIBS_base := -lcrypto
LIBS_log := -lspdlog -lfmt
LIBS_metrics := -lprometheus-cpp-core -lcivetweb
# A sanitizer has a crypt_r of its own that calls the real one: the library must stay, though nothing seems to need it.
LIBS_auth := -Wl,--no-as-needed -lcrypt -Wl,--as-needed
LIBS_db := -lmysqlcppconn
LIBS_ssh := -lssh2
LIBS_fcgi := -lfcgi

define newline


endef

# Commands are shown in full by V=1, else as a word and a file.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-4s %s\n' $(1) $@;)

# ---- what is built ------------------------------------------------------------------------------------

sources = $(sort $(wildcard $(1)/*.cc))
objects = $(patsubst %.cc,$(B)/%.o,$(1))

module_sources = $(filter-out %/main.cc,$(call sources,$(1)))
$(foreach m,$(MODULES),$(eval LIB_$(m) := $(B)/lib/libcvm-$(m).a)$(eval OBJ_$(m) := $(call objects,$(call module_sources,lib/$(m)))))
LIB_fcgi := $(B)/lib/libcvm-fcgi.a
OBJ_fcgi := $(call objects,$(call module_sources,fcgi))
LIB_manual := $(B)/lib/libcvm-manual.a
OBJ_manual := $(call objects,$(call module_sources,lib/manual))
OBJ_node += $(B)/gen/read_program.o
MIGRATIONS := $(sort $(wildcard sql/migrations/*.sql))
MIGRATIONS_OBJ := $(B)/gen/migrations.o

reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
archives = $(foreach m,$(call reverse,$(1)),$(LIB_$(m)))
libs = $(foreach m,$(call reverse,$(1)),$(LIBS_$(m)))

WORKER_MODULES := $(filter-out ctl,$(MODULES)) fcgi
CTL_MODULES := $(filter-out api,$(MODULES))

WORKER := $(B)/cvm-client-api
CVMCTL := $(B)/cvmctl
MANUAL := $(B)/manual
GATE := $(B)/cvm-node-gate
VZ := $(B)/tests/node/vz
TEST_SUITES := unit integration api node
TEST_BINS := $(foreach s,$(TEST_SUITES),$(B)/tests/$(s)-tests)

.PHONY: all
all: $(WORKER) $(CVMCTL) $(GATE)  ## build the worker and cvmctl (VARIANT=release|debug|asan|tsan)

$(WORKER): $(B)/fcgi/main.o $(call archives,$(WORKER_MODULES)) $(B)/flags
	$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(call libs,$(WORKER_MODULES)) $(LDLIBS)

$(CVMCTL): $(B)/lib/ctl/main.o $(MIGRATIONS_OBJ) $(call archives,$(CTL_MODULES)) $(B)/flags
	$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(call libs,$(CTL_MODULES)) $(LDLIBS)

$(MANUAL): $(B)/lib/manual/main.o $(MIGRATIONS_OBJ) $(call archives,$(MODULES) fcgi manual) $(B)/flags
	$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(call libs,$(MODULES) fcgi) $(LDLIBS)

define archive_rule
$(LIB_$(1)): $(OBJ_$(1))
	@mkdir -p $$(@D)
	$$(call say,AR) rm -f $$@ && $(AR) rcsD $$@ $$^
endef
$(foreach m,$(MODULES) fcgi manual,$(eval $(call archive_rule,$(m))))

$(B)/%.o: %.cc $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX) $(CXX) $(ALL_CPPFLAGS) $(ALL_CXXFLAGS) $(EXTRA_CXXFLAGS) $(ERROR_FLAGS) -MMD -MP -c -o $@ $<

# The migrations, embedded in cvmctl; the worker links none of them.
$(B)/gen/migrations.cc: $(MIGRATIONS) sql/embed
	@mkdir -p $(@D)
	sql/embed $(MIGRATIONS) > $@

# One program for the reading of a node, in the driver and in the gate.
$(B)/gen/read_program.cc: lib/node/read.awk lib/node/strip
	@mkdir -p $(@D)
	@printf '// Made from lib/node/read.awk: do not edit.\n#include "lib/node/read_program.h"\n\n' > $@
	@printf 'namespace cvm::node {\nconst char* const kReadProgram = R"awk(%s)awk";\n}  // namespace cvm::node\n' \
	    "$$(lib/node/strip lib/node/read.awk)" >> $@

$(GATE): lib/node/cvm-node-gate lib/node/read.awk lib/node/strip
	@mkdir -p $(@D)
	@{ sed '/^program=/,$$d' $<; printf "program='%s'\n" "$$(lib/node/strip lib/node/read.awk)"; sed '1,/^program=/d' $<; } > $@
	@chmod 0755 $@

$(B)/gen/%.o: $(B)/gen/%.cc $(B)/flags
	$(call say,CXX) $(CXX) $(ALL_CPPFLAGS) $(ALL_CXXFLAGS) $(ERROR_FLAGS) -MMD -MP -c -o $@ $<

# A stamp that changes only when the command line does.
.PHONY: FORCE
FORCE:
FLAGS_NOW = $(CXX) $(ALL_CPPFLAGS) $(ALL_CXXFLAGS) $(TEST_CXXFLAGS) $(ALL_LDFLAGS) $(foreach m,$(MODULES) fcgi,$(LIBS_$(m))) $(LDLIBS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || printf '%s\n' "$$FLAGS_NOW" > $@
export FLAGS_NOW

# ---- tests ----------------------------------------------------------------------------------------------

# The vz program of the test node is a plain program: no sanitizer slows the node down. Static: a run takes 1 ms, not 2.
VZ_SOURCES := $(filter-out %_test.cc,$(call sources,tests/node))
$(VZ): $(VZ_SOURCES) $(wildcard tests/node/*.h) $(B)/flags
	@mkdir -p $(@D)
	$(call say,LINK) $(CXX) -std=c++17 -O2 -static $(WARNINGS) -I. -o $@ $(VZ_SOURCES)

test_sources = $(filter %_test.cc %/main.cc %_fixture.cc,$(call sources,tests/$(1)))
$(foreach s,$(TEST_SUITES),$(eval TEST_OBJ_$(s) := $(call objects,$(call test_sources,$(s)))))
TEST_SUPPORT_OBJ := $(call objects,$(call sources,tests/support))
TEST_OBJ_unit += $(B)/tests/fuzz/targets.o
# Neither optimized nor watched for undefined behaviour: what is tested is, and this halves the time to build the rest.
TEST_CXXFLAGS := -DBOOST_TEST_DYN_LINK -O0 -U_FORTIFY_SOURCE -fno-sanitize=undefined
$(foreach s,$(TEST_SUITES),$(TEST_OBJ_$(s))) $(TEST_SUPPORT_OBJ): EXTRA_CXXFLAGS := $(TEST_CXXFLAGS)

TEST_MODULES := $(MODULES) fcgi manual
define test_rule
$(B)/tests/$(1)-tests: $(TEST_OBJ_$(1)) $(TEST_SUPPORT_OBJ) $(MIGRATIONS_OBJ) $(call archives,$(TEST_MODULES)) $(B)/flags
	@mkdir -p $$(@D)
	$$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $(call libs,$(TEST_MODULES)) -lboost_unit_test_framework -lcurl $(LDLIBS)
endef
$(foreach s,$(TEST_SUITES),$(eval $(call test_rule,$(s))))

.PHONY: tests
tests: all $(VZ) $(TEST_BINS)  ## build the programs and every test, run nothing

FUZZ_OBJ := $(call objects,$(call sources,tests/fuzz))
$(B)/fuzzer: $(FUZZ_OBJ) $(MIGRATIONS_OBJ) $(call archives,$(TEST_MODULES)) $(B)/flags
	$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(call libs,$(TEST_MODULES)) $(LDLIBS)

# What is found stays below build/fuzz/found, and what breaks a reader below build/fuzz/broken.
SECONDS ?= 30
.PHONY: fuzz
fuzz: deps-fuzz  ## look for texts that break a reader (TARGETS="vzlist route" for some, SECONDS=30 for each)
	@$(MAKE) --no-print-directory $(JOBS) VARIANT=fuzz CXX=clang++ build/fuzz/fuzzer
	@tests/fuzz/fuzz $(SECONDS) $(TARGETS)

BENCH_OBJ := $(call objects,$(call sources,tests/bench)) $(B)/tests/support/program.o
$(B)/bench: $(BENCH_OBJ) $(call archives,$(MODULES)) $(B)/flags
	$(call say,LINK) $(CXX) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(call libs,$(MODULES)) -lcurl $(LDLIBS)

.PHONY: bench
bench: deps-bench  ## measure the goals of tests/bench/README.md on a private stack (PARTS="status list" for some)
	@$(MAKE) --no-print-directory $(JOBS) all $(VZ) $(B)/bench
	@VARIANT=$(VARIANT) tests/bench/bench $(PARTS)

.PHONY: schema
schema: $(CVMCTL)  ## make sql/schema.sql again, from a private database that is migrated
	@tests/stack/stack up build/schema db schema
	@. build/schema/stack.env && sql/dump "$$CVM_DB_SOCKET" cvm_api > sql/schema.sql.new; \
	    tests/stack/stack down build/schema; test -s sql/schema.sql.new
	@mv sql/schema.sql.new sql/schema.sql

# What is built on the way to something else uses every core, unless -j says otherwise.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: check
check: deps  ## install what is missing, build, run every test against real servers
	@$(MAKE) --no-print-directory $(JOBS) tests
	@VARIANT=$(VARIANT) tests/run

.PHONY: unit
unit: $(B)/tests/unit-tests  ## run the unit tests alone (no server, no root)
	$(B)/tests/unit-tests

.PHONY: demo demo-stop
demo: deps  ## start everything on private sockets and loopback ports and show a session
	@$(MAKE) --no-print-directory $(JOBS) all $(VZ)
	@VARIANT=$(VARIANT) tests/stack/demo start

demo-stop:  ## end what `make demo` left running
	@tests/stack/demo stop

# ---- packages -------------------------------------------------------------------------------------------

.PHONY: deps deps-bench deps-fuzz deps-lint deps-package
deps:  ## install the missing Debian packages of run, build and test (no service is started)
	@tests/stack/deps $(PACKAGES_run) $(PACKAGES_build) $(PACKAGES_test)

deps-bench:
	@tests/stack/deps $(PACKAGES_run) $(PACKAGES_build) $(PACKAGES_bench)

deps-fuzz:
	@tests/stack/deps $(PACKAGES_run) $(PACKAGES_build) $(PACKAGES_fuzz)

deps-package:
	@tests/stack/deps $(PACKAGES_run) $(PACKAGES_build) $(PACKAGES_package)

deps-lint: deps
	@tests/stack/deps $(PACKAGES_lint)

# ---- rules and their checkers -----------------------------------------------------------------------------

ALL_SOURCES = $(sort $(shell git ls-files -co --exclude-standard 'fcgi/*.cc' 'fcgi/*.h' 'lib/*.cc' 'lib/*.h' 'tests/*.cc' 'tests/*.h'))

.PHONY: layers
layers: all $(MANUAL)  ## prove the module table by includes and by link symbols
	@B='$(B)' DOORS='$(DOORS)' tests/layers $(foreach m,$(MODULES) fcgi manual,'$(m):$(USES_$(m))')

.PHONY: format format-check
format: deps-lint  ## format every source file
	clang-format -i $(ALL_SOURCES)

format-check: deps-lint  ## fail where a source file is not formatted
	clang-format --dry-run -Werror $(ALL_SOURCES)

.PHONY: tidy
tidy: deps-lint compile_commands.json  ## clang-tidy's short list over the programs
	@printf '%s\n' $(filter fcgi/%.cc lib/%.cc,$(ALL_SOURCES)) | xargs -P "$$(nproc)" -n 2 clang-tidy -p . --quiet

json_entry = {"directory":"$(CURDIR)","file":"$(1)","arguments":["$(CXX)",$(subst $(empty) $(empty),$(comma),$(foreach f,$(filter-out -DCVM_VERSION%,$(ALL_CPPFLAGS)) $(ALL_CXXFLAGS),"$(f)")),"-DCVM_VERSION=\"$(VERSION)\"","-DBOOST_TEST_DYN_LINK","-c","$(1)"]}
comma := ,
empty :=
compile_commands.json: Makefile FORCE
	$(file >$@.new,[$(subst $(newline),$(comma),$(foreach s,$(filter %.cc,$(ALL_SOURCES)),$(call json_entry,$(s))$(if $(filter-out $(s),$(lastword $(filter %.cc,$(ALL_SOURCES)))),$(comma))))])
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- installation -------------------------------------------------------------------------------------------

prefix ?= /usr/local
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
sysconfdir ?= $(if $(filter /usr,$(prefix)),/etc,$(prefix)/etc)
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
docdir ?= $(datarootdir)/doc/cvm-client-api
mandir ?= $(datarootdir)/man
pkgdatadir ?= $(datadir)/cvm-client-api
unitdir ?= $(if $(filter /usr,$(prefix)),/lib,$(prefix)/lib)/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
completionsdir ?= $(datarootdir)/bash-completion/completions
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 0755
INSTALL_DATA ?= $(INSTALL) -m 0644

UNITS := $(notdir $(wildcard fcgi/dist/systemd/*.service fcgi/dist/systemd/*.socket fcgi/dist/systemd/*.timer))
PAGES := cvmctl.8 cvm-client-api.8 cvmctl.toml.5 cvm-client-api.toml.5
COMPLETIONS := cvmctl cvm-client-api
# Manuals and completions, from the tables that make --help and read the settings.
MANUAL_FILES := $(foreach p,$(PAGES) $(COMPLETIONS:=.bash),$(B)/dist/$(p))
# What names the folders of an installation.
DIST_FILES := $(foreach u,$(UNITS),$(B)/dist/$(u)) $(B)/dist/tmpfiles.conf
DOCS := $(wildcard docs/*.md docs/decisions/*.md docs/monitoring/*)

# Everything that is installed, as SOURCE:TARGET; uninstall removes the same.
into = $(foreach f,$(1),$(f):$(2)/$(notdir $(f)))
INSTALLED_PROGRAMS = $(WORKER):$(bindir)/cvm-client-api $(CVMCTL):$(sbindir)/cvmctl $(GATE):$(pkgdatadir)/cvm-node-gate
INSTALLED_DATA = $(call into,$(wildcard sql/*.sql),$(pkgdatadir)/sql) \
    $(call into,$(wildcard nginx/*.conf),$(pkgdatadir)/nginx) \
    $(call into,$(wildcard fcgi/dist/*.toml),$(pkgdatadir)/examples) \
    $(foreach u,$(UNITS),$(B)/dist/$(u):$(unitdir)/$(u)) \
    fcgi/dist/sysusers.conf:$(sysusersdir)/cvm-client-api.conf \
    $(B)/dist/tmpfiles.conf:$(tmpfilesdir)/cvm-client-api.conf \
    fcgi/dist/logrotate.conf:$(sysconfdir)/logrotate.d/cvm-client-api \
    nginx/fail2ban/filter.conf:$(sysconfdir)/fail2ban/filter.d/cvm-client-api.conf \
    nginx/fail2ban/jail.conf:$(sysconfdir)/fail2ban/jail.d/cvm-client-api.conf \
    $(foreach p,$(PAGES),$(B)/dist/$(p):$(mandir)/man$(lastword $(subst ., ,$(p)))/$(p)) \
    $(foreach c,$(COMPLETIONS),$(B)/dist/$(c).bash:$(completionsdir)/$(c)) \
    README.md:$(docdir)/README.md $(foreach d,$(DOCS),$(d):$(docdir)/$(d))
source = $(firstword $(subst :, ,$(1)))
target = $(lastword $(subst :, ,$(1)))

$(MANUAL_FILES): $(B)/dist/%: $(MANUAL)
	@mkdir -p $(@D)
	$(call say,GEN) $(MANUAL) $* > $@

# A stamp of the folders, as of the flags: another prefix makes the files anew.
FOLDERS_NOW = $(bindir) $(sbindir) $(docdir) $(pkgdatadir)
$(B)/folders: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FOLDERS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FOLDERS_NOW)' > $@

SET_FOLDERS = sed -e '/^@SANDBOX@$$/{' -e 'r fcgi/dist/systemd/sandbox.conf' -e 'd' -e '}' -e 's,@bindir@,$(bindir),g' \
    -e 's,@sbindir@,$(sbindir),g' -e 's,@docdir@,$(docdir),g' -e 's,@pkgdatadir@,$(pkgdatadir),g'
$(foreach u,$(UNITS),$(B)/dist/$(u)): $(B)/dist/%: fcgi/dist/systemd/% fcgi/dist/systemd/sandbox.conf $(B)/folders
	@mkdir -p $(@D)
	@$(SET_FOLDERS) $< > $@
$(B)/dist/tmpfiles.conf: fcgi/dist/tmpfiles.conf $(B)/folders
	@mkdir -p $(@D)
	@$(SET_FOLDERS) $< > $@

.PHONY: install uninstall
install: all $(MANUAL_FILES) $(DIST_FILES)  ## install below DESTDIR and prefix (/usr: where Debian expects it)
	@mkdir -p $(sort $(foreach p,$(INSTALLED_PROGRAMS) $(INSTALLED_DATA),$(DESTDIR)$(dir $(call target,$(p)))))
	$(foreach p,$(INSTALLED_PROGRAMS),$(INSTALL_PROGRAM) $(call source,$(p)) $(DESTDIR)$(call target,$(p))$(newline)	)
	$(foreach p,$(INSTALLED_DATA),$(INSTALL_DATA) $(call source,$(p)) $(DESTDIR)$(call target,$(p))$(newline)	)

OWN_FOLDERS = $(sort $(foreach p,$(INSTALLED_PROGRAMS) $(INSTALLED_DATA),$(filter $(pkgdatadir)/% $(docdir)/%,$(dir $(call target,$(p))))))
uninstall:  ## remove what install put there, and nothing else
	rm -f $(foreach p,$(INSTALLED_PROGRAMS) $(INSTALLED_DATA),$(DESTDIR)$(call target,$(p)))
	@for folder in $(call reverse,$(OWN_FOLDERS)); do \
	    rmdir --ignore-fail-on-non-empty $(DESTDIR)$$folder 2>/dev/null || true; done

.PHONY: deb
deb: deps-package  ## build the Debian package: build/deb/cvm-client-api_VERSION_ARCH.deb
	@$(MAKE) --no-print-directory $(JOBS) all $(MANUAL)
	@MAKE='$(MAKE)' VERSION='$(DEB_VERSION)' RUN='$(PACKAGES_run)' MAINTAINER='$(DEB_MAINTAINER)' fcgi/dist/debian/build $(DEB_FOLDER)

# Besides the package: a newer one for the upgrade, and the same again, which must be the same bytes.
DEB_FILE = cvm-client-api_$(1)_$(shell dpkg --print-architecture).deb
.PHONY: check-package
check-package: deb  ## try the package in a chroot: handbook, upgrade, removal, purge
	@$(MAKE) --no-print-directory deb DEB_VERSION=$(DEB_VERSION)+newer DEB_FOLDER=build/deb-newer
	@$(MAKE) --no-print-directory deb DEB_FOLDER=$(CURDIR)/build/deb-again
	@PACKAGES='$(strip $(PACKAGES_run) $(PACKAGES_chroot))' tests/package/run build/deb/$(call DEB_FILE,$(DEB_VERSION)) \
	    build/deb-newer/$(call DEB_FILE,$(DEB_VERSION)+newer) build/deb-again/$(call DEB_FILE,$(DEB_VERSION))

# ---- housekeeping ---------------------------------------------------------------------------------------------

.PHONY: clean
clean:  ## remove the objects and programs of every variant
	rm -rf build/release build/debug build/asan build/tsan build/fuzz compile_commands.json

.PHONY: help
help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+( [a-z-]+)*:.*  ## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

-include $(shell find $(B) -name '*.d' 2>/dev/null)
