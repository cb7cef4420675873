#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "lib/ssh/ssh.h"

namespace {

struct Case {
  std::vector<std::string> argv;
  const char* line;
};

const Case kCases[] = {
    {{"vzctl", "start", "101"}, "vzctl start 101"},
    {{"vzlist", "-o", "ctid,status"}, "vzlist -o ctid,status"},
    {{"a", "AZaz09_./,:=+@%-"}, "a AZaz09_./,:=+@%-"},
    {{"a", ""}, "a ''"},
    {{"a", "two words"}, "a 'two words'"},
    {{"a", "it's"}, "a 'it'\\''s'"},
    {{"a", "'"}, "a ''\\'''"},
    {{"a", "$HOME", "`id`", "a;b", "a|b", "a&b", "a>b", "*", "~", "#", "!", "\\", "\"", "(", "{"},
     "a '$HOME' '`id`' 'a;b' 'a|b' 'a&b' 'a>b' '*' '~' '#' '!' '\\' '\"' '(' '{'"},
    {{"a", "line\nbreak"}, "a 'line\nbreak'"},
    {{"a", "\xc3\xa9"}, "a '\xc3\xa9'"},
    {{"A=b", "A=b"}, "'A=b' A=b"},
    {{"/usr/sbin/vz ctl"}, "'/usr/sbin/vz ctl'"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_command)

BOOST_AUTO_TEST_CASE(EachWordIsQuotedWhereAShellWouldReadMoreIntoIt) {
  for (const Case& c : kCases) BOOST_TEST(cvm::ssh::Command(c.argv).Quoted() == c.line);
}

BOOST_AUTO_TEST_CASE(AnEndpointIsNamedWithBracketsAroundAnIPv6Address) {
  cvm::ssh::Endpoint endpoint;
  endpoint.host = "node1.example";
  BOOST_TEST(endpoint.Where() == "root@node1.example:22");
  endpoint.host = "2001:db8::1";
  endpoint.port = 2222;
  BOOST_TEST(endpoint.Where() == "root@[2001:db8::1]:2222");
}

BOOST_AUTO_TEST_SUITE_END()
