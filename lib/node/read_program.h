// The program by which a node reads its containers: lib/node/read.awk without its comments. The build makes
// the definition, and the gate's copy, from that one file.
#ifndef CVM_LIB_NODE_READ_PROGRAM_H_
#define CVM_LIB_NODE_READ_PROGRAM_H_

namespace cvm::node {

extern const char* const kReadProgram;

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_READ_PROGRAM_H_
