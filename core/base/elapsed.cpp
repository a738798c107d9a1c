#include "core/base/elapsed.hpp"

#include <time.h>

namespace segmentflow {

Time BootTime::now() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * kMicrosPerSecond + now.tv_nsec / 1000;
}

}  // namespace segmentflow
