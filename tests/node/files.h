#ifndef CVM_TESTS_NODE_FILES_H_
#define CVM_TESTS_NODE_FILES_H_

// The files of the node, small and whole: every state that vzctl and vzlist know is one of them, so that a
// test can read and write it too. No function here remembers anything between two calls.

#include <optional>
#include <string>

namespace cvm::testnode {

// Nothing where the file cannot be read, for whatever reason.
std::optional<std::string> ReadFile(const std::string& path);

// Replaces the file by rename, so that a reader sees the old text or the new one, never a part. The reason
// of a failure is in errno.
bool WriteFile(const std::string& path, const std::string& text);

// One write(2) at the end of the file, made where it is missing. Gives the file's size right after this line:
// of two processes that append at once each gets its own. Nothing where it cannot be written.
std::optional<unsigned long long> Append(const std::string& path, const std::string& text);

bool Exists(const std::string& path);
bool IsDirectory(const std::string& path);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_FILES_H_
