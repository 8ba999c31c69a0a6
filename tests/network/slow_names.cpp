// Preloaded into the daemon. A file, which may change at run time, says how lookups of the name "localhost" behave.
//
//   LD_PRELOAD=…/libslow_names.so SLOW_NAMES=FILE
//
// FILE contains words: "wait MILLISECONDS", "fail", "address LITERAL" (several, in this order).
#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

namespace {

using lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int look_up_as_told(lookup real, std::istream& words, const char* service, addrinfo hints, addrinfo** into) {
    *into = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo** end = into;
    std::string word, value;
    while (words >> word) {
        if (word == "fail") return EAI_NONAME;
        words >> value;
        if (word == "wait") std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(value)));
        if (word != "address") continue;
        if (const int error = real(value.c_str(), service, &hints, end)) return error;
        while (*end) end = &(*end)->ai_next;  // freeaddrinfo() follows this chain
    }
    return *into ? 0 : EAI_AGAIN;
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** into) {
    static const auto real = reinterpret_cast<lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const char* const file = std::getenv("SLOW_NAMES");
    if (!file || !name || std::strcmp(name, "localhost") != 0) return real(name, service, hints, into);
    std::ifstream words(file);
    return look_up_as_told(real, words, service, hints ? *hints : addrinfo{}, into);
}
