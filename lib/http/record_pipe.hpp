// The TLS records between OpenSSL and a socket, in memory: OpenSSL reads and writes here, and whoever has the
// socket moves as many of them by one system call as there are.
//
// The buffers come from a stock that all connections share, so they are warm and few: a pipe holds one for each
// direction only while something is in it. One thread.
#pragma once

#include <openssl/bio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace consent_sync::http {

class buffer_stock {
  public:
    using buffer = std::unique_ptr<char[]>;
    static constexpr std::size_t buffer_bytes = 64UL * 1024;  // an answer of HubSpot to a full batch has 43 KB

    buffer take();
    void give(buffer one) noexcept;

  private:
    static constexpr std::size_t spare_max = 2;
    std::vector<buffer> spare_;
};

class record_pipe {
  public:
    // The stock outlives the pipe.
    explicit record_pipe(buffer_stock& stock) : received_{stock, {}, 0, 0}, to_send_{stock, {}, 0, 0} {}
    record_pipe(const record_pipe&) = delete;
    record_pipe& operator=(const record_pipe&) = delete;

    // OpenSSL's end, owned by the caller. The pipe outlives its last use.
    BIO* make_bio();

    bool has_received() const { return received_.begin != received_.end; }
    // Requires: !has_received(). received() tells how much was put there, or that it was nothing.
    std::span<char> room();
    void received(std::size_t bytes) noexcept;

    std::span<const char> to_send() const;
    void sent(std::size_t bytes) noexcept;

  private:
    struct direction {
        buffer_stock& stock;
        buffer_stock::buffer memory;
        std::size_t begin;
        std::size_t end;
        ~direction();
        void open();  // there is memory, and all of it is free when nothing is in it
        void consume(std::size_t bytes) noexcept;
    };
    static const BIO_METHOD* method();
    static int on_read(BIO* bio, char* into, int size);
    static int on_write(BIO* bio, const char* from, int size);
    static long on_control(BIO* bio, int command, long number, void* pointer);

    direction received_;
    direction to_send_;
};

}  // namespace consent_sync::http
