/* glibc's knobs of malloc; nothing elsewhere. Header only. */
#ifndef SPANWIRE_CMALLOC_H
#define SPANWIRE_CMALLOC_H

#include <stddef.h>
#if defined(__linux__)
#include <features.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/* Up to so many freed bytes at the end of each arena stay in the process, and blocks of up to 1 MiB are taken from arenas,
   of which there are so many at the most. */
static inline void spanwire_malloc_keep(int bytes, int arenas) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, bytes);
    mallopt(M_ARENA_MAX, arenas);
#else
    (void)bytes;
    (void)arenas;
#endif
}

/* Gives what is free back to the system. */
static inline void spanwire_malloc_give_back(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

#endif
