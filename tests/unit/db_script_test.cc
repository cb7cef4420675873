// The migrations as text: how they are taken apart, what is in them, and that MySQL could read them too.
#include "lib/db/script.h"

#include <regex.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/db/migrations.h"
#include "lib/db/schema_version.h"
#include "tests/support/text.h"

using cvm::db::EmbeddedMigrations;
using cvm::db::SplitStatements;

namespace {

std::filesystem::path SqlFolder() {
  return std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path() / "sql";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += "[" + part + "]";
  return all;
}

// Every file of sql/ with statements in it.
std::vector<std::filesystem::path> SqlFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SqlFolder())) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path());
  }
  return files;
}

// A file's statements without comments, quoted names and texts.
std::string Bare(const std::filesystem::path& file) {
  const auto statements = SplitStatements(cvm::test::ReadFile(file));
  BOOST_REQUIRE_MESSAGE(statements.ok(), file.string());
  std::string bare;
  char quote = 0;
  for (const char c : Joined(*statements)) {
    if (quote == 0) bare += c;
    if (quote == 0 && (c == '\'' || c == '`' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
  }
  return bare;
}

// What of `text` the extended regular expression matches, in either case; "": nothing.
std::string Match(const char* pattern, const std::string& text) {
  regex_t compiled;
  BOOST_REQUIRE_MESSAGE(regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE) == 0, pattern);
  regmatch_t at;
  const bool found = regexec(&compiled, text.c_str(), 1, &at, 0) == 0;
  regfree(&compiled);
  if (!found) return "";
  return text.substr(static_cast<std::size_t>(at.rm_so), static_cast<std::size_t>(at.rm_eo - at.rm_so));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(DbScript)

BOOST_AUTO_TEST_CASE(ScriptsAreSplitAtTheSemicolonsThatEndStatements) {
  const struct {
    const char* script;
    const char* expected;
  } cases[] = {
      {"", ""},
      {" ;; \n;", ""},
      {"A;B", "[A][B]"},
      {"A;\n\n B ;\n", "[A][B]"},
      {"SELECT ';', \";\", `;`; B", "[SELECT ';', \";\", `;`][B]"},
      {"SELECT 'it''s; \\'; fine'; B", "[SELECT 'it''s; \\'; fine'][B]"},
      {"SELECT `a\\`; B", "[SELECT `a\\`][B]"},
      {"-- a; comment's end\nA; -- b\nB # c;\n", "[A][B]"},
      {"A /* ; ' */ B; C", "[A   B][C]"},
      {"SELECT 1--1; B", "[SELECT 1--1][B]"},
      {"A; --", "[A]"},
      {"SELECT '-- no /* comment # here'; B", "[SELECT '-- no /* comment # here'][B]"},
      {"SELECT '\xF0\x9F\x98\x80;'", "[SELECT '\xF0\x9F\x98\x80;']"},
  };
  for (const auto& one : cases) {
    const auto split = SplitStatements(one.script);
    BOOST_REQUIRE_MESSAGE(split.ok(), one.script);
    BOOST_TEST(Joined(*split) == one.expected);
  }
}

BOOST_AUTO_TEST_CASE(ScriptsThatAreNotClosedOrHideCodeAreRefused) {
  for (const char* script : {"SELECT 'a", "SELECT \"a;", "SELECT `a", "SELECT 'a\\'", "A /* b", "/*", "/*/",
                             "/*! A */", "/*M!100 A */", "'"}) {
    BOOST_TEST(!SplitStatements(script).ok(), script);
  }
}

BOOST_AUTO_TEST_CASE(TheEmbeddedMigrationsAreCountedFromOneToTheVersionThatProgramsAreBuiltFor) {
  unsigned expected = 0;
  for (const auto& migration : EmbeddedMigrations()) {
    BOOST_TEST(migration.version == ++expected);
    BOOST_TEST(migration.oldest_worker <= migration.version);
    const auto statements = SplitStatements(migration.sql);
    BOOST_TEST((statements.ok() && !statements->empty()));
  }
  BOOST_TEST(expected == cvm::db::kSchemaVersion);
}

BOOST_AUTO_TEST_CASE(TheEmbeddedMigrationsAreTheFiles) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SqlFolder() / "migrations")) {
    const unsigned version = static_cast<unsigned>(std::stoul(entry.path().filename().string()));
    BOOST_REQUIRE(version - 1 < EmbeddedMigrations().size());
    BOOST_TEST(EmbeddedMigrations()[version - 1].sql == cvm::test::ReadFile(entry.path()));
    ++count;
  }
  BOOST_TEST(count == EmbeddedMigrations().size());
}

// MySQL 8 is aimed at and not tested: this keeps out what is known to be MariaDB's alone.
BOOST_AUTO_TEST_CASE(NothingInSqlIsKnownToMariaDbAlone) {
  const char* const kForeign[] = {
      R"(\bSEQUENCE\b)",
      R"(\bRETURNING\b)",
      R"(\bPERSISTENT\b)",
      R"(\bUUID\b)",
      R"(\bINET[46]\b)",
      R"(\bIDENTIFIED\s+(VIA|WITH)\b)",
      R"(\bOR\s+REPLACE\s+(TABLE|DATABASE|USER|INDEX)\b)",
      R"(\bCREATE\s+OR\s+REPLACE\b)",
      R"(\b(ADD|MODIFY|CHANGE|DROP)\s+((UNIQUE|FULLTEXT)\s+)?(COLUMN|INDEX|KEY|CONSTRAINT|FOREIGN\s+KEY)\s+IF\b)",
      R"(\bADD\s+IF\s+NOT\s+EXISTS\b)",
      R"(\bCREATE\s+(UNIQUE\s+)?INDEX\s+IF\b)",
      R"(\bDROP\s+INDEX\s+IF\b)",
      R"(\b(WITHOUT|WITH)\s+SYSTEM\s+VERSIONING\b)",
      R"(\bNOWAIT\b|\bWAIT\s+[0-9])",
      R"(\bENGINE\s*=\s*(ARIA|MYROCKS|COLUMNSTORE)\b)",
      R"(\b(PAGE_CHECKSUM|PAGE_COMPRESSED|TRANSACTIONAL|ENCRYPTED)\b)",
      R"(\bUTF8MB4_(UCA1400|NOPAD|GENERAL1400)\w*)",
      R"(\bGET_LOCK\b)",
      R"(\bSET\s+STATEMENT\b)",
      R"(\bEXECUTE\s+IMMEDIATE\b)",
      R"(\bVALUE\s*\()",
      R"(\bDELETE\s+HISTORY\b)",
      R"(\bGRANT\b[^;]*\bIDENTIFIED\b)",
  };
  for (const auto& file : SqlFiles()) {
    const std::string text = Bare(file);
    for (const char* pattern : kForeign) {
      const std::string found = Match(pattern, text);
      BOOST_TEST(found.empty(), file.filename().string() << ": " << found);
    }
  }
}

BOOST_AUTO_TEST_CASE(EveryTableOfAMigrationIsInnoDbWithUtf8mb4AndAPrimaryKeyAndMadeOnlyOnce) {
  for (const auto& migration : EmbeddedMigrations()) {
    const auto statements = SplitStatements(migration.sql);
    BOOST_REQUIRE(statements.ok());
    for (const std::string& statement : *statements) {
      if (statement.rfind("CREATE TABLE", 0) != 0) continue;
      for (const char* part : {"CREATE TABLE IF NOT EXISTS", "PRIMARY KEY", "ENGINE=InnoDB",
                               "CHARSET=utf8mb4 COLLATE=utf8mb4_bin"}) {
        BOOST_TEST((statement.find(part) != std::string::npos), migration.name << ": " << part);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(NoFileOfSqlHoldsAPassword) {
  for (const auto& file : SqlFiles()) {
    BOOST_TEST(Bare(file).find("IDENTIFIED") == std::string::npos, file.filename().string());
  }
}

BOOST_AUTO_TEST_SUITE_END()
