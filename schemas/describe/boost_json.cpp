// Boost.JSON, compiled once: parse_json() uses its parser.
#include <boost/json/src.hpp>
