#include "observe/control_places.hpp"

namespace consent_sync::observe {

control_places::kind control_places::kind_of(const control_peer& who, const control_rights& rights) {
    if (who.uid == 0) return kind::root;
    if (who.uid == rights.service_uid) return kind::service_user;
    if (may_steer(who, rights)) return kind::admin;
    return may_look(who, rights) ? kind::reader : kind::stranger;
}

bool control_places::enter(kind k, unsigned uid) {
    const room& most = rooms[static_cast<std::size_t>(k)];
    taken& now = taken_[static_cast<std::size_t>(k)];
    if (now.all >= most.all) return false;
    const auto found = now.by_user.find(uid);
    if (found != now.by_user.end() && found->second >= most.of_one_user) return false;
    ++now.all;
    ++now.by_user[uid];
    return true;
}

void control_places::leave(kind k, unsigned uid) {
    taken& now = taken_[static_cast<std::size_t>(k)];
    --now.all;
    const auto found = now.by_user.find(uid);
    if (--found->second == 0) now.by_user.erase(found);
}

}  // namespace consent_sync::observe
