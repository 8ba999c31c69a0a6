// Gives each change of a batch its outcome from the results and errors of a COMPLETE answer.
//
// How contradictions are decided; each costs at most a repeated request, which is harmless, while a wrong
// verdict is not:
// - A result with the asked status, and an error for the same key: unresolved. One of the two is wrong.
// - A result with the asked status, and one with another status: unresolved, likewise.
// - A result with another status, and an error: rejected. Both say that it was not applied.
// - A result in which a field of the key, or the status, is there twice: ignored. It proves nothing.
//
// An error names a change by its context: subscriberIdString and subscriptionId together, or the address
// alone, which means each change of that address that has no result. With as many addresses as subscriptions
// they are pairs; with several of both in different numbers nobody can tell who is meant, so nobody is. In a
// batch of one, an error that names no address is about that one change: who else. An error that speaks of
// HubSpot's or the operator's trouble (INTERNAL_ERROR, RATE_LIMITS, MISSING_SCOPES, a status of 5xx …)
// refuses no change: it stays unresolved, with the words.
#pragma once

#include <span>

#include "consent/change.hpp"
#include "hubspot/body_reader.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::hubspot {

// The category of a change whose key came back with another status than the one that was asked for.
inline constexpr std::string_view status_not_applied = "STATUS_NOT_APPLIED";

// Fills `changes`, `words`, `unmatched_results` and `unmatched_errors` of `out`.
void match_changes(std::span<const consent::change> batch, const answer_body& body, judgement& out);

}  // namespace consent_sync::hubspot
