#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift does not import.

static inline int spanwire_bind_text(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_text(statement, index, count > 0 ? bytes : "", count, SQLITE_TRANSIENT);
}

static inline int spanwire_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    if (count == 0) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// A call with a variable number of arguments, which Swift does not import.

static inline void spanwire_keep_log_at_close(sqlite3 *database) {
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

// The log that a connection has open, which may have no name any more.

static inline sqlite3_file *spanwire_log(sqlite3 *database) {
    sqlite3_file *log = 0;
    int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    return code == SQLITE_OK && log && log->pMethods ? log : 0;
}

// How many bytes it has; less than 0 where there is none.
static inline long long spanwire_log_bytes(sqlite3 *database) {
    sqlite3_file *log = spanwire_log(database);
    sqlite3_int64 size = 0;
    return log && log->pMethods->xFileSize(log, &size) == SQLITE_OK ? size : -1;
}

// The head of the memory that processes share, in both its copies: 96 bytes; 0 where there is none, or it is not in use.
static inline int spanwire_read_log_index(sqlite3 *database, unsigned char *bytes) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || !file || !file->pMethods || file->pMethods->iVersion < 2) return 0;
    void volatile *memory = 0;
    // Mapped by the connection already, whose first region has this size; opening the file would cost its locks when it is
    // closed.
    if (file->pMethods->xShmMap(file, 0, 32768, 0, &memory) != SQLITE_OK || !memory) return 0;
    const unsigned char volatile *source = memory;
    for (int index = 0; index < 48; index++) bytes[index] = source[index];
    file->pMethods->xShmBarrier(file);
    for (int index = 48; index < 96; index++) bytes[index] = source[index];
    return 1;
}

static inline int spanwire_read_log(sqlite3 *database, void *bytes, int count, long long offset) {
    sqlite3_file *log = spanwire_log(database);
    return log ? log->pMethods->xRead(log, bytes, count, offset) : SQLITE_ERROR;
}
