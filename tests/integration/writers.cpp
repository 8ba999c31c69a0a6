#include "integration/writers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "unit/intake/reading.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;
using random_hubspot::chance;

std::string csv(const std::vector<marked_row>& rows, chance& luck) {
    const char separator = luck.pick({',', ';', '\t'});
    const std::string end = luck.pick<std::string>({"\n", "\r\n"});
    const bool quoted = luck.of(0.3);
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (const std::string& cell : cells) {
            if (!text.empty()) text += separator;
            text += quoted ? "\"" + cell + "\"" : cell;
        }
        return text;
    };
    std::string text = luck.of(0.2) ? "\xef\xbb\xbf" : "";
    text += line({"email", "subscription_id", "status", "legal_basis", "legal_basis_explanation"}) + end;
    for (const marked_row& r : rows)
        text += line({r.change.address, std::to_string(r.change.subscription),
                      r.change.state == "UNSUBSCRIBED" ? "opt-out" : "subscribed", "CONSENT_WITH_NOTICE", r.mark}) +
                end;
    if (luck.of(0.2)) text.resize(text.size() - end.size());  // no newline at the end
    return text;
}

boost::json::object object_of(const marked_row& r) {
    return {{"subscriberIdString", r.change.address},
            {"subscriptionId", r.change.subscription},
            {"statusState", r.change.state},
            {"legalBasis", "CONSENT_WITH_NOTICE"},
            {"legalBasisExplanation", r.mark}};
}

class descriptor {
  public:
    explicit descriptor(const std::string& path)
        : number_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)) {
        if (number_ < 0) throw std::system_error(errno, std::generic_category(), path);
    }
    ~descriptor() { ::close(number_); }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::write(number_, bytes.data(), bytes.size());
            if (count < 0) throw std::system_error(errno, std::generic_category(), "write");
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }

  private:
    int number_;
};

}  // namespace

written_file write_rows(std::size_t number, const std::vector<marked_row>& rows, chance& luck) {
    written_file file;
    file.name = "f" + std::to_string(number);
    switch (luck.between(0, 3)) {
        case 0: {
            file.name += ".ndjson";
            for (const marked_row& r : rows) file.content += boost::json::serialize(object_of(r)) + "\n";
            break;
        }
        case 1: {
            file.name += ".json";
            boost::json::array all;
            for (const marked_row& r : rows) all.push_back(object_of(r));
            file.content = luck.of(0.5) ? boost::json::serialize(all)
                                        : boost::json::serialize(boost::json::object{{"inputs", std::move(all)}});
            break;
        }
        default:
            file.name += ".csv";
            file.content = csv(rows, luck);
            break;
    }
    if (luck.of(0.2)) {
        file.name += ".gz";
        file.content = intake::gzip(file.content);
    }
    return file;
}

void write_into(const std::string& inbox, const written_file& file, way_of_writing how, chance& luck) {
    const std::string path = inbox + "/" + file.name;
    switch (how) {
        case way_of_writing::renamed:
        case way_of_writing::other_name: {
            const std::string before =
                how == way_of_writing::renamed ? inbox + "/." + file.name + ".x1" : path + ".part";
            descriptor(before).write(file.content);
            fs::rename(before, path);
            break;
        }
        case way_of_writing::linked: {
            const std::string before = inbox + "/." + file.name;
            descriptor(before).write(file.content);
            fs::create_hard_link(before, path);
            fs::remove(before);
            break;
        }
        case way_of_writing::at_once: descriptor(path).write(file.content); break;
        case way_of_writing::in_pieces: {
            const descriptor out(path);
            std::string_view rest = file.content;
            while (!rest.empty()) {
                const auto size = static_cast<std::size_t>(luck.skewed(1, static_cast<std::int64_t>(rest.size())));
                out.write(rest.substr(0, size));
                rest.remove_prefix(size);
            }
            break;
        }
    }
}

}  // namespace consent_sync::integration
