// The demo organisation: everything that the documents' samples need to run as printed.
#pragma once

#include "app/runtime.hpp"

namespace segmentflow::app {

// Makes what is missing of it; gives the demo key, which is kept in <data folder>/demo.key (0600).
Result<std::string> make_demo(Runtime& runtime);

}  // namespace segmentflow::app
