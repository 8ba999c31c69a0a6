// Which texts are allowed in the configuration: one pure check per kind, each with words for what is allowed.
#pragma once

#include <string>
#include <string_view>

namespace consent_sync::config {

struct text_rule {
    const char* allowed;  // completes "must be …"
    bool (*holds)(std::string_view text);
    bool path = false;                                     // a relative path starts at the configuration's folder
    bool secret = false;                                   // never shown in an error
    const char* null_word = nullptr;                       // a word that, like null, means "the default": "auto"
    bool hidden = false;                                   // never shown anywhere
    std::string (*hint)(std::string_view text) = nullptr;  // more words for a refused text; may be empty
};

extern const text_rule account_name;  // 1 to 64 of A-Z a-z 0-9 . _ -, not only dots
extern const text_rule folder_path;
extern const text_rule file_path;
extern const text_rule secret_file_path;  // refuses a secret in place of the name of its file
extern const text_rule http_path;         // the path of a URL: begins with '/', no query
extern const text_rule base_url;          // https://, or http:// to this machine
extern const text_rule proxy_url;
extern const text_rule time_zone;       // a name in this machine's time zone data
extern const text_rule listen_address;  // IP:PORT; with port 0 the kernel chooses one
extern const text_rule client_id;
extern const text_rule explanation;

}  // namespace consent_sync::config
