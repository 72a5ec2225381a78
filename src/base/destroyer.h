#pragma once

namespace millrace {

/// Lets a std::unique_ptr end a C library's handle: std::unique_ptr<BIO, Destroyer<&BIO_free_all>>.
template <auto Destroy>
struct Destroyer {
    template <typename Handle>
    void operator()(Handle* handle) const {
        Destroy(handle);
    }
};

}  // namespace millrace
