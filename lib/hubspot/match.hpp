// Gives each change of a batch its outcome from the results and errors of a COMPLETE answer.
//
// A proof is an answer that says one thing. This is how contradictions are decided. Each costs at most a repeated
// request, which is harmless; a wrong verdict is not:
// - A result with the asked status, and an error that may be about the same key: unresolved. One of the two is wrong.
// - Results of one key that differ in status, reason or time, or one of which has no status: unresolved.
// - A result with another status, and an error that names its key: rejected. Both say that it was not applied.
// - A result in which any member is there twice, or whose channel is no text; a result with an address and without a
//   subscription: it proves nothing, and no other result of its address does.
// - A body in which a member is there twice proves nothing for any change (judge.hpp).
//
// An error refuses a change that its context names. It may name subscriberIdString and subscriptionId together, or the
// address only. The latter means each change of that address that has no result; but if one of them has the result that
// was asked for, it is not clear which change is meant, and none is refused. As many addresses as subscriptions are
// read as pairs. With several of both, in different numbers, it is not clear which changes are meant, and none is
// refused. In a batch of one, an error that names no address is about that change. An error that reports trouble of
// HubSpot or of the operator (INTERNAL_ERROR, RATE_LIMITS, MISSING_SCOPES, a status of 5xx ...), or that has a member
// twice, refuses no change: the change stays unresolved, with the words.
//
// An error may be about a key, and contradicts its result, if the address stands anywhere in the error: in any context,
// in a message, under any name; unless the error names other subscriptions. An error that names no address is about a
// change that nothing else in the answer mentions. If there are fewer such changes than such errors, no result of the
// answer proves anything; if the error names a subscription, no result of that subscription does. Errors that numErrors
// counts beyond those that are listed, and beyond the changes that these name, are such errors as well.
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
