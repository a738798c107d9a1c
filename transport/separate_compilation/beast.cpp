// Boost.Beast, compiled once for all targets.
#include <boost/beast/src.hpp>
