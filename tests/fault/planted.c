// Faults for a program that is to die of one email: loaded before its libraries, and aborts where a
// mark goes through. The mark tells the place: md_parse renders, EVP_EncodeBlock composes, sendmsg
// transports, before the final dot or after it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int has(const void* data, size_t size, const char* mark) {
  return memmem(data, size, mark, strlen(mark)) != NULL;
}

int md_parse(const char* text, unsigned size, const void* parser, void* data) {
  int (*real)(const char*, unsigned, const void*, void*) = dlsym(RTLD_NEXT, "md_parse");
  if (has(text, size, "crash-render")) abort();
  return real(text, size, parser, data);
}

int EVP_EncodeBlock(unsigned char* to, const unsigned char* from, int size) {
  int (*real)(unsigned char*, const unsigned char*, int) = dlsym(RTLD_NEXT, "EVP_EncodeBlock");
  if (has(from, (size_t)size, "crash-compose")) abort();
  return real(to, from, size);
}

static void look(const void* data, size_t size) {
  if (has(data, size, "RCPT TO:<crash-rcpt@")) abort();
}

// The content and its dot may leave in several pieces.
static int is_marked_content;
static void look_after(const void* data, size_t size) {
  if (has(data, size, "crash-dot")) is_marked_content = 1;
  if (is_marked_content && size >= 3 && has((const char*)data + size - 3, 3, ".\r\n")) abort();
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  ssize_t (*real)(int, const struct msghdr*, int) = dlsym(RTLD_NEXT, "sendmsg");
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    look(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
  }
  const ssize_t sent = real(fd, message, flags);
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    look_after(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
  }
  return sent;
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  ssize_t (*real)(int, const void*, size_t, int) = dlsym(RTLD_NEXT, "send");
  look(data, size);
  const ssize_t sent = real(fd, data, size, flags);
  look_after(data, size);
  return sent;
}
