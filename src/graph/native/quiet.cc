// Compiled into the binding. TensorFlow 2.21 reports through Abseil, which does not know TF_CPP_MIN_LOG_LEVEL, and prints two lines
// about oneDNN at every start, while its library is being loaded: too early for absl::SetMinLogLevel. So this takes the place of
// Abseil's own absl::MinLogLevel, which the loader looks for in the binding before it looks in libtensorflow.
#include <algorithm>
#include <cstdlib>

#include "absl/log/globals.h"

namespace absl {
ABSL_NAMESPACE_BEGIN

// The levels mean the same to both: 0 info, 1 warning, 2 error, 3 fatal.
LogSeverityAtLeast MinLogLevel() {
  static const int level = [] {
    const char* text = std::getenv("TF_CPP_MIN_LOG_LEVEL");
    return text == nullptr ? 0 : std::clamp(std::atoi(text), 0, 3);
  }();
  return static_cast<LogSeverityAtLeast>(level);
}

ABSL_NAMESPACE_END
}  // namespace absl
