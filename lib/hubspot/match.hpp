// Gives each change of a batch its outcome from the results and errors of a COMPLETE answer.
//
// A proof is an answer that says one thing. How contradictions are decided; each costs at most a repeated request,
// which is harmless, while a wrong verdict is not:
// - A result with the asked status, and an error that may be about the same key: unresolved. One of the two is wrong.
// - Results of one key that differ in status, reason or time, or of which one has no status: unresolved, likewise.
// - A result with another status, and an error that names its key: rejected. Both say that it was not applied.
// - A result in which any member is there twice, or whose channel is no text; a result with an address and without a
//   subscription: proves nothing, and no other result of its address does.
// - A body in which a member is there twice: proves nothing of anybody (judge.hpp).
//
// An error refuses a change that its context names: by subscriberIdString and subscriptionId together, or by the
// address alone, which means each change of that address that has no result; unless one of them has the result that was
// asked for: then nobody can tell whom it means. With as many addresses as subscriptions they are pairs; with several
// of both in different numbers nobody can tell who is meant, so nobody is refused. In a batch of one, an error that
// names no address is about that one change: who else. An error that speaks of HubSpot's or the operator's trouble
// (INTERNAL_ERROR, RATE_LIMITS, MISSING_SCOPES, a status of 5xx ...) or has a member twice refuses no change: it stays
// unresolved, with the words.
//
// An error may be about a key, and contradicts its result, where its address stands anywhere in the error: in any
// context, in a message, under any name; unless the error names other subscriptions. An error that names no address is
// about a change that nothing else in the answer speaks of. Where there are fewer of those than such errors (those that
// numErrors counts beyond those that are listed, and beyond the changes that they name, among them), no result of the
// answer proves anything; where it names a subscription, no result of that one.
#pragma once

#include <span>

#include "consent/change.hpp"
#include "hubspot/body_reader.hpp"
#include "hubspot/judgement.hpp"

namespace consent_sync::hubspot {

// The category of a change whose key came back with another status than the one that was asked for.
inline constexpr std::string_view status_not_applied = "STATUS_NOT_APPLIED";

// Fills `changes`, `words` and `look_alikes` of `out`.
void match_changes(std::span<const consent::change> batch, const answer_body& body, judgement& out);

}  // namespace consent_sync::hubspot
