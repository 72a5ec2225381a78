#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    millrace::fuzz::pgoutput({reinterpret_cast<const char*>(data), size});
    return 0;
}
