// What a text in the configuration may be: one pure check a kind, each with the words that tell what is
// allowed.
#pragma once

#include <string>
#include <string_view>

namespace consent_sync::config {

struct text_rule {
    const char* allowed;  // completes "must be …"
    bool (*holds)(std::string_view text);
    bool path = false;                                     // a relative one is meant from the configuration's folder
    bool secret = false;                                   // never shown in an error
    const char* null_word = nullptr;                       // a word beside null that means "the default", like "auto"
    bool hidden = false;                                   // never shown anywhere
    std::string (*hint)(std::string_view text) = nullptr;  // what else to say of a text that is refused; may be empty
};

extern const text_rule account_name;  // 1 to 64 of A-Z a-z 0-9 . _ -, not only dots
extern const text_rule folder_path;
extern const text_rule file_path;
extern const text_rule secret_file_path;  // refuses the secret itself in place of its file
extern const text_rule http_path;         // of a URL: begins with '/', no query
extern const text_rule base_url;          // https://, or http:// to this machine
extern const text_rule proxy_url;
extern const text_rule time_zone;       // a name that this machine's time zone data has
extern const text_rule listen_address;  // IP:PORT, port 0: the kernel chooses
extern const text_rule client_id;
extern const text_rule explanation;

}  // namespace consent_sync::config
