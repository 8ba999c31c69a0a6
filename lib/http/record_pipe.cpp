#include "http/record_pipe.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace consent_sync::http {

buffer_stock::buffer buffer_stock::take() {
    spare_.reserve(spare_max);  // so that give() needs no memory
    if (spare_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes);
    buffer one = std::move(spare_.back());
    spare_.pop_back();
    return one;
}

void buffer_stock::give(buffer one) noexcept {
    if (one && spare_.size() < spare_max) spare_.push_back(std::move(one));
}

record_pipe::direction::~direction() { stock.give(std::move(memory)); }

void record_pipe::direction::open() {
    if (!memory) memory = stock.take();
}

void record_pipe::direction::consume(std::size_t bytes) noexcept {
    begin += bytes;
    if (begin != end) return;
    begin = end = 0;
    stock.give(std::move(memory));
}

BIO* record_pipe::make_bio() {
    BIO* const bio = BIO_new(method());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    return bio;
}

std::span<char> record_pipe::room() {
    received_.open();
    return std::span<char>(received_.memory.get(), buffer_stock::buffer_bytes);
}

void record_pipe::received(std::size_t bytes) noexcept {
    received_.end = bytes;
    received_.consume(0);
}

std::span<const char> record_pipe::to_send() const {
    return std::span<const char>(to_send_.memory.get() + to_send_.begin, to_send_.end - to_send_.begin);
}

void record_pipe::sent(std::size_t bytes) noexcept { to_send_.consume(bytes); }

const BIO_METHOD* record_pipe::method() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made = [] {
        std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> fresh(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "records in memory"), &BIO_meth_free);
        if (!fresh) throw std::bad_alloc();
        BIO_meth_set_read(fresh.get(), &record_pipe::on_read);
        BIO_meth_set_write(fresh.get(), &record_pipe::on_write);
        BIO_meth_set_ctrl(fresh.get(), &record_pipe::on_control);
        return fresh;
    }();
    return made.get();
}

// For OpenSSL it is never the end when nothing is there or no room is left: the owner of the socket tells of the end.
int record_pipe::on_read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    direction& from = static_cast<record_pipe*>(BIO_get_data(bio))->received_;
    const std::size_t bytes = std::min(static_cast<std::size_t>(std::max(size, 0)), from.end - from.begin);
    if (bytes == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    std::memcpy(into, from.memory.get() + from.begin, bytes);
    from.consume(bytes);
    return static_cast<int>(bytes);
}

int record_pipe::on_write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    direction& into = static_cast<record_pipe*>(BIO_get_data(bio))->to_send_;
    const std::size_t bytes =
        std::min(static_cast<std::size_t>(std::max(size, 0)), buffer_stock::buffer_bytes - into.end);
    if (bytes == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    try {
        into.open();
    } catch (const std::bad_alloc&) {
        return -1;  // no exception goes through OpenSSL
    }
    std::memcpy(into.memory.get() + into.end, from, bytes);
    into.end += bytes;
    return static_cast<int>(bytes);
}

long record_pipe::on_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace consent_sync::http
