// libpq, loaded when its first function is called. It brings the libraries of Kerberos, LDAP and
// GnuTLS along, twenty in all: to load them would be a third of the time in which a program on a
// SQLite file answers. libpqxx, which calls these functions, is linked into the program.
#include <dlfcn.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include "core/store/database.hpp"

namespace {

constexpr const char* kLibrary = "libpq.so.5";

// Throws StoreDefect, through libpqxx, when there is no such library.
void* library() {
  static void* const loaded = [] {
    void* const handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return handle;
    throw segmentflow::StoreDefect(
        fmt::format("a database of PostgreSQL needs {} (Debian package libpq5), which cannot be "
                    "loaded: {}",
                    kLibrary, dlerror()));
  }();
  return loaded;
}

template <class Function>
Function* find(const char* name) {
  void* const found = dlsym(library(), name);
  if (found != nullptr) return reinterpret_cast<Function*>(found);
  throw segmentflow::StoreDefect(fmt::format("{} has no {}: install a newer one", kLibrary, name));
}

}  // namespace

// Their declarations are those of libpq-fe.h: another type would not compile.
#define FORWARD(result, name, parameters, arguments)           \
  extern "C" result name parameters {                          \
    static auto* const function = find<decltype(name)>(#name); \
    return function arguments;                                 \
  }

FORWARD(int, PQbackendPID, (const PGconn* a), (a))
FORWARD(int, PQcancel, (PGcancel * a, char* b, int c), (a, b, c))
FORWARD(void, PQclear, (PGresult * a), (a))
FORWARD(int, PQclientEncoding, (const PGconn* a), (a))
FORWARD(char*, PQcmdStatus, (PGresult * a), (a))
FORWARD(char*, PQcmdTuples, (PGresult * a), (a))
FORWARD(PostgresPollingStatusType, PQconnectPoll, (PGconn * a), (a))
FORWARD(PGconn*, PQconnectStart, (const char* a), (a))
FORWARD(PGconn*, PQconnectdb, (const char* a), (a))
FORWARD(void, PQconninfoFree, (PQconninfoOption * a), (a))
FORWARD(PQconninfoOption*, PQconninfoParse, (const char* a, char** b), (a, b))
FORWARD(int, PQconsumeInput, (PGconn * a), (a))
FORWARD(char*, PQdb, (const PGconn* a), (a))
FORWARD(char*, PQencryptPassword, (const char* a, const char* b), (a, b))
FORWARD(int, PQendcopy, (PGconn * a), (a))
FORWARD(char*, PQerrorMessage, (const PGconn* a), (a))
FORWARD(unsigned char*, PQescapeByteaConn,
        (PGconn * a, const unsigned char* b, size_t c, size_t* d), (a, b, c, d))
FORWARD(char*, PQescapeIdentifier, (PGconn * a, const char* b, size_t c), (a, b, c))
FORWARD(size_t, PQescapeStringConn, (PGconn * a, char* b, const char* c, size_t d, int* e),
        (a, b, c, d, e))
FORWARD(PGresult*, PQexec, (PGconn * a, const char* b), (a, b))
FORWARD(PGresult*, PQexecParams,
        (PGconn * a, const char* b, int c, const Oid* d, const char* const* e, const int* f,
         const int* g, int h),
        (a, b, c, d, e, f, g, h))
FORWARD(PGresult*, PQexecPrepared,
        (PGconn * a, const char* b, int c, const char* const* d, const int* e, const int* f, int g),
        (a, b, c, d, e, f, g))
FORWARD(void, PQfinish, (PGconn * a), (a))
FORWARD(char*, PQfname, (const PGresult* a, int b), (a, b))
FORWARD(int, PQfnumber, (const PGresult* a, const char* b), (a, b))
FORWARD(void, PQfreeCancel, (PGcancel * a), (a))
FORWARD(void, PQfreemem, (void* a), (a))
FORWARD(Oid, PQftable, (const PGresult* a, int b), (a, b))
FORWARD(int, PQftablecol, (const PGresult* a, int b), (a, b))
FORWARD(Oid, PQftype, (const PGresult* a, int b), (a, b))
FORWARD(PGcancel*, PQgetCancel, (PGconn * a), (a))
FORWARD(int, PQgetCopyData, (PGconn * a, char** b, int c), (a, b, c))
FORWARD(PGresult*, PQgetResult, (PGconn * a), (a))
FORWARD(int, PQgetisnull, (const PGresult* a, int b, int c), (a, b, c))
FORWARD(int, PQgetlength, (const PGresult* a, int b, int c), (a, b, c))
FORWARD(char*, PQgetvalue, (const PGresult* a, int b, int c), (a, b, c))
FORWARD(char*, PQhost, (const PGconn* a), (a))
FORWARD(int, PQisBusy, (PGconn * a), (a))
FORWARD(int, PQisthreadsafe, (), ())
FORWARD(int, PQnfields, (const PGresult* a), (a))
FORWARD(PGnotify*, PQnotifies, (PGconn * a), (a))
FORWARD(int, PQntuples, (const PGresult* a), (a))
FORWARD(Oid, PQoidValue, (const PGresult* a), (a))
FORWARD(char*, PQport, (const PGconn* a), (a))
FORWARD(PGresult*, PQprepare, (PGconn * a, const char* b, const char* c, int d, const Oid* e),
        (a, b, c, d, e))
FORWARD(int, PQprotocolVersion, (const PGconn* a), (a))
FORWARD(int, PQputCopyData, (PGconn * a, const char* b, int c), (a, b, c))
FORWARD(int, PQputCopyEnd, (PGconn * a, const char* b), (a, b))
FORWARD(void, PQreset, (PGconn * a), (a))
FORWARD(char*, PQresultErrorField, (const PGresult* a, int b), (a, b))
FORWARD(char*, PQresultErrorMessage, (const PGresult* a), (a))
FORWARD(ExecStatusType, PQresultStatus, (const PGresult* a), (a))
FORWARD(int, PQsendQuery, (PGconn * a, const char* b), (a, b))
FORWARD(int, PQserverVersion, (const PGconn* a), (a))
FORWARD(int, PQsetClientEncoding, (PGconn * a, const char* b), (a, b))
FORWARD(PGVerbosity, PQsetErrorVerbosity, (PGconn * a, PGVerbosity b), (a, b))
FORWARD(PQnoticeProcessor, PQsetNoticeProcessor, (PGconn * a, PQnoticeProcessor b, void* c),
        (a, b, c))
FORWARD(int, PQsocket, (const PGconn* a), (a))
FORWARD(ConnStatusType, PQstatus, (const PGconn* a), (a))
FORWARD(void, PQtrace, (PGconn * a, FILE* b), (a, b))
FORWARD(unsigned char*, PQunescapeBytea, (const unsigned char* a, size_t* b), (a, b))
FORWARD(void, PQuntrace, (PGconn * a), (a))
FORWARD(char*, PQuser, (const PGconn* a), (a))
FORWARD(const char*, pg_encoding_to_char, (int a), (a))

#undef FORWARD
