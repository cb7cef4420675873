// Between FastCGI's words and the API's: parameters to a request, an answer to header lines. Pure.
#ifndef CVM_FCGI_ADAPTOR_H_
#define CVM_FCGI_ADAPTOR_H_

#include <string>

#include "lib/api/http.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"

namespace cvm::fcgi {

// `parameters` are "NAME=value" and end with a null pointer; the request's views point into them. Each of the
// token headers is taken as often as it came. kInvalid: REQUEST_METHOD or REQUEST_URI is missing or empty, or
// one of the parameters of which there is one came twice and differs: then it is the web server that is not
// set up right.
base::Result<api::Request> ReadParameters(const char* const* parameters, base::Deadline deadline);

// The header lines of an answer, its status first, with the blank line that ends them. Content-Length is that
// of the body. Aborts where a header or the reason would end its line early: they are all written by us.
std::string WriteHead(const api::Response& response);

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_ADAPTOR_H_
