#pragma once

#include <openssl/ssl.h>

#include "net/tls.h"

namespace millrace::net {

/// Gives an OpenSSL context what `tls` says. TLS 1.2 is the least. Throws ConfigError for PEM that cannot be used.
void apply(const Tls& tls, SSL_CTX* context, bool is_server);

}  // namespace millrace::net
