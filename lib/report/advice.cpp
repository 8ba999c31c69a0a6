#include "report/advice.hpp"

#include <array>
#include <utility>

namespace consent_sync::report {
namespace {

using known = std::pair<std::string_view, std::string_view>;

// Our own categories (lib/intake/README.md, lib/service/pipeline/importing.cpp), then HubSpot's.
constexpr std::array<known, 29> sentences{{
    {"malformed",
     "The row's structure is broken (quotes, number of fields, JSON). Mend the program that writes the file."},
    {"missing_address", "Fill in the e-mail address, or leave the row out."},
    {"invalid_address", "Correct the e-mail address: one plain address, like ann@example.com."},
    {"missing_status", "Say what is asked: SUBSCRIBED or UNSUBSCRIBED."},
    {"invalid_status", "Use SUBSCRIBED, UNSUBSCRIBED, or one of the words that the documentation lists."},
    {"contradicting_status",
     "The row says SUBSCRIBED and also something that may be an opt-out. Find out what the person wants, and say only "
     "that. A column that does not speak of consent can be named in rules.ignore_columns by the administrator."},
    {"missing_subscription",
     "Fill in the subscription's id. For opt-outs of everything, ask the administrator to set rules.unsubscribe_all."},
    {"invalid_subscription",
     "The subscription is a number: HubSpot shows it under Settings, Marketing, E-mail, Subscription types."},
    {"invalid_channel", "Only EMAIL is possible."},
    {"invalid_legal_basis", "Use one of HubSpot's seven words, like CONSENT_WITH_NOTICE."},
    {"invalid_explanation", "Shorten the explanation of the legal basis to 4096 bytes of plain text."},
    {"missing_legal_basis",
     "Add legal basis and explanation: this account asks for both before somebody is subscribed."},
    {"invalid_utf8", "Save the file as UTF-8."},
    {"ambiguous_field", "One field is given twice under two names. Leave one of them out."},
    {"unknown_change_id", "Remove the column change_id to send the row as a new change."},
    {"duplicate_file",
     "The same content was dropped before, so only opt-outs were sent again. If it is meant to count once more, an operator "
     "releases it: consent-sync release FILE-ID."},
    {"refused_by_operator", "An operator sent these rows back. Ask who looks after consent-sync."},
    {"unknown_subscription", "HubSpot has no such subscription. Choose one of those that the message lists."},
    {"inactive_subscription", "This subscription is switched off in HubSpot. Switch it on there, or choose another."},
    {"VALIDATION_ERROR",
     "HubSpot does not accept this row as it is. Correct what its words name, and drop the failed file again."},
    {"OBJECT_NOT_FOUND",
     "HubSpot does not know this address or subscription. Check both, or create the contact first."},
    {"STATUS_NOT_APPLIED",
     "HubSpot answered, twice, with another status than was asked for. Somebody who opted out can only come back by doing "
     "it themselves: then do not drop the row again as it is. Look at the contact's subscriptions in HubSpot."},
    {"CONFLICT",
     "Somebody changed the same contact at the same time. An operator can try again: consent-sync retry FILE-ID."},
    {"UNCONFIRMED",
     "HubSpot never said whether it took this change. An operator can try again: consent-sync retry FILE-ID."},
    {"INTERNAL_ERROR",
     "A fault at HubSpot. An operator can try again: consent-sync retry FILE-ID. Its support wants the "
     "correlation id."},
    {"RATE_LIMITS", "HubSpot was too busy. An operator can try again: consent-sync retry FILE-ID."},
    {"REFUSED", "HubSpot refused it without a reason. Its support can find it by the correlation id."},
    {"contradiction",
     "The same file, or one that arrived together with it, says that this person opted out. If the person came back since, drop "
     "that row by itself."},
    {"superseded", "Nothing: a newer change of the same person took its place."},
}};

}  // namespace

std::string_view advice(consent::verdict verdict, std::string_view category) {
    for (const auto& [name, sentence] : sentences)
        if (name == category) return sentence;
    if (verdict == consent::verdict::invalid)
        return "Correct the row as the message says, and drop the failed file again.";
    return "HubSpot refused it, with the words beside. Correct the row and drop the failed file again; HubSpot's support can find it "
           "by the correlation id.";
}

std::string_view meaning(consent::verdict verdict) {
    switch (verdict) {
        case consent::verdict::confirmed: return "HubSpot named the person with the status that was asked for";
        case consent::verdict::rejected: return "HubSpot refused the change";
        case consent::verdict::invalid: return "not sent: something is wrong with the row";
        case consent::verdict::superseded:
            return "not sent: a newer change of the same person, or an opt-out that arrived with it, came first";
        case consent::verdict::unconfirmed: return "sent, but HubSpot never said whether it counts";
    }
    return "";
}

}  // namespace consent_sync::report
