#include "hubspot/suspects.hpp"

#include <algorithm>
#include <string>

#include "consent/key.hpp"
#include "hubspot/batch_index.hpp"
#include "hubspot/mentions.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

void add_places(std::string_view lowered_text, std::vector<bool>& named) {
    constexpr std::string_view word = "inputs";
    constexpr std::string_view list = R"("]->java.util.arraylist[)";
    for (std::size_t at = lowered_text.find(word); at != std::string_view::npos; at = lowered_text.find(word, at + 1)) {
        std::string_view rest = lowered_text.substr(at + word.size());
        if (rest.starts_with(list)) rest.remove_prefix(list.size() - 1);
        if (rest.empty() || (rest[0] != '[' && rest[0] != '/' && rest[0] != '.')) continue;
        rest.remove_prefix(1);
        const auto place = parse_integer(rest.substr(0, rest.find_first_not_of("0123456789")));
        if (place && *place >= 0 && *place < static_cast<std::int64_t>(named.size()))
            named[static_cast<std::size_t>(*place)] = true;
    }
}

void add_subscriptions(std::span<const consent::change> batch, const body_error& e, std::vector<bool>& named) {
    for (const body_names& names : e.names)
        for (const auto& subscription : names.subscriptions)
            for (std::size_t i = 0; i < batch.size(); ++i)
                if (batch[i].subscription == subscription) named[i] = true;
}

std::vector<std::uint32_t> collect(const std::vector<bool>& named) {
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < named.size(); ++i)
        if (named[i]) indices.push_back(i);
    if (indices.size() == named.size() && named.size() > 1) indices.clear();  // that tells nobody from the others
    return indices;
}

}  // namespace

std::vector<std::uint32_t> find_suspects(std::span<const consent::change> batch, const answer_body& body) {
    if (!body.readable) return {};
    std::string text = body.whole.text;
    for (const body_error& e : body.errors)
        if (text.size() < error_text_bytes_max) text += e.text;
    std::vector<bool> named(batch.size());
    const batch_index index(batch);
    mention_finder(batch, index).find(text, [&named](std::uint32_t i) { named[i] = true; });
    add_places(consent::lower(text), named);
    if (std::find(named.begin(), named.end(), true) == named.end()) {
        add_subscriptions(batch, body.whole, named);
        for (const body_error& e : body.errors) add_subscriptions(batch, e, named);
    }
    return collect(named);
}

}  // namespace consent_sync::hubspot
