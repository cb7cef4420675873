# What a node says of the containers that run on it, read on the host's side alone: run as
# `timeout N awk 'THIS TEXT' CTID...`, without CTIDs for all that run. lib/node/reading.h says what it prints.
#
# The build puts this text, without its comments, into the driver and into cvm-node-gate: a change here is a new
# version of the gate. It must run on any awk since mawk 1.3.3 and gawk 3.1, and hold no single quote. What it
# reads is the kernel's or the host's; root in a container chooses only the names of processes and interfaces.

# The value of one line of a file.
function first_line(file,   line) {
    line = ""
    if ((getline line < file) <= 0) line = ""
    close(file)
    return line
}

# Field 22 of /proc/PID/stat, counted from the last parenthesis, as the name before it may hold blanks, lines
# and parentheses of its own. Nothing for a process that is gone or dead.
function start_of(pid,   file, line, text, part, field) {
    text = ""
    file = "/proc/" pid "/stat"
    while ((getline line < file) > 0) text = text line " "
    close(file)
    if (split(part[split(text, part, ")")], field, " ") < 20 || field[1] ~ /^[ZXx]$/) return ""
    return field[20] ""
}

# Of /proc/PID/status: the parent, the container (OpenVZ kernels), and the PID inside, which is the one in the
# second place of NSpid on other kernels.
function look(pid,   file, line, part) {
    parent = container = inside = ""
    file = "/proc/" pid "/status"
    while ((getline line < file) > 0) {
        if (line !~ /^(PPid|envID|VPid|NSpid):/) continue
        split(line, part, " ")
        if (part[1] == "PPid:") parent = part[2]
        else if (part[1] == "envID:") container = part[2]
        else if (part[1] == "VPid:") inside = part[2]
        else inside = part[3] == "" ? "none" : part[3]
    }
    close(file)
}

function wanted(ctid) {
    if (ctid !~ /^[1-9][0-9]*$/) return 0
    if (ctid in asked) return 1
    if (!all) return 0
    asked[ctid] = 1
    list[++count] = ctid
    return 1
}

# PID 1 of a namespace inside a container has a parent in the container; the container's own has none there.
function find_by_kernel(   command, pid, owner) {
    command = "printf \"%s\\n\" /proc/[0-9]*"
    while ((command | getline pid) > 0) {
        sub(/^.*\//, "", pid)
        look(pid)
        if (inside != "1" || !wanted(container)) continue
        owner = container
        look(parent)
        if (container != owner) pid_of[owner] = pid
    }
    close(command)
}

# What vzctl has written down, unless another process got that PID since.
function find_by_file(   command, folder, ctid, i, pid) {
    folder = "/var/lib/vzctl/vepid/"
    command = "printf \"%s\\n\" " folder "*"
    while (all && (command | getline ctid) > 0) wanted(substr(ctid, length(folder) + 1))
    if (all) close(command)
    for (i = 1; i <= count; i++) {
        pid = first_line(folder list[i])
        if (pid !~ /^[1-9][0-9]*$/) continue
        look(pid)
        if (inside == "" || inside == "1") pid_of[list[i]] = pid
    }
}

function name_in(line) {
    sub(/:[^:]*$/, "", line)
    sub(/^ */, "", line)
    return line
}

# Interfaces beyond the 32nd are counted only, so that a container cannot fill the answer; venet0 is always there.
function devices(pid,   file, line, number, text, left) {
    file = "/proc/" pid "/net/dev"
    text = ""
    number = left = 0
    while ((getline line < file) > 0) {
        if (++number <= 2) continue
        if (number > 34 && name_in(line) != "venet0") left++
        else text = text "\ndev " line
    }
    close(file)
    return left ? text "\nleft " left : text
}

function interfaces(ctid,   file, line, text) {
    file = "/etc/vz/conf/" ctid ".conf"
    text = ""
    while ((getline line < file) > 0) if (line ~ /^NETIF=/) text = line
    close(file)
    return text
}

# The lines of the host for the ends of pairs that the setting names.
function peers(setting,   part, number, i, text) {
    text = ""
    number = split(setting, part, /[=",;]/)
    for (i = 1; i < number; i++)
        if (part[i] == "host_ifname" && part[i + 1] in host) text = text "\npeer " host[part[i + 1]]
    return text
}

BEGIN {
    all = ARGC < 2
    for (i = 1; i < ARGC; i++) {
        asked[ARGV[i]] = 1
        list[++count] = ARGV[i]
    }
    print "cvm-read 1"
    print "boot " first_line("/proc/sys/kernel/random/boot_id")
    if ((getline line < "/proc/vz/veinfo") >= 0) find_by_kernel()
    else find_by_file()
    for (i = 1; i <= count; i++) {
        ctid = list[i]
        if (!(ctid in pid_of)) continue
        start[ctid] = start_of(pid_of[ctid])
        lines[ctid] = devices(pid_of[ctid])
    }
    file = "/proc/1/net/dev"
    while ((getline line < file) > 0) host[name_in(line)] = line
    # Whoever is the same process after all this was it all the time.
    for (i = 1; i <= count; i++) {
        ctid = list[i]
        if (start[ctid] == "" || (start[ctid] "") != (start_of(pid_of[ctid]) "")) {
            print "off " ctid
            continue
        }
        setting = interfaces(ctid)
        text = "ct " ctid " " pid_of[ctid] " " start[ctid]
        if (setting != "") text = text "\nnetif " substr(setting, 7)
        print text lines[ctid] peers(setting)
    }
    print "done " (count + 0)
    exit
}
