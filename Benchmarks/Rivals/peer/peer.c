#define _GNU_SOURCE
#include "peer.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_FILES = 16, MAX_WORD = 64, MAX_PAYLOAD = 1 << 28 };

struct file {
    char name[MAX_WORD];
    struct work works[MAX_WORKS];
    size_t work_count;
};

static struct file files[MAX_FILES];
static size_t file_count;

static int refuse(const char *what, const char *detail) {
    fprintf(stderr, "%s: %s\n", what, detail);
    return 0;
}

// The whole file, never freed: the works keep it. NULL when it cannot be read.
static uint8_t *contents(const char *folder, const char *name, size_t *size) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = length > 0 && (size_t)length < sizeof path ? fopen(path, "rb") : NULL;
    if (stream == NULL) {
        return NULL;
    }
    uint8_t *bytes = NULL;
    if (fseek(stream, 0, SEEK_END) == 0) {
        long end = ftell(stream);
        if (end > 0 && end <= MAX_PAYLOAD && fseek(stream, 0, SEEK_SET) == 0 && (bytes = malloc((size_t)end)) != NULL) {
            *size = fread(bytes, 1, (size_t)end, stream);
            if (*size != (size_t)end) {
                free(bytes);
                bytes = NULL;
            }
        }
    }
    fclose(stream);
    return bytes;
}

static struct file *file_named(const struct codec *codec, const char *folder, const char *name) {
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            return &files[i];
        }
    }
    size_t size = 0;
    uint8_t *bytes = file_count < MAX_FILES ? contents(folder, name, &size) : NULL;
    if (bytes == NULL) {
        return NULL;
    }
    struct file *file = &files[file_count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->work_count = codec->works(bytes, size, file->works);
    return file;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// The best of the samples, each the mean of `repeats` runs in a row; one run before them warms up.
static int print_best(const struct work *work, long samples, long repeats) {
    double best = 0;
    if (work->run(work->state) == 0) {
        return refuse(work->name, "failed");
    }
    for (long sample = 0; sample < samples; sample++) {
        double start = now();
        for (long i = 0; i < repeats; i++) {
            if (work->run(work->state) == 0) {
                return refuse(work->name, "failed");
            }
        }
        double time = (now() - start) / (double)repeats;
        best = sample == 0 || time < best ? time : best;
    }
    printf("%.1f\n", best);
    return 1;
}

// Calls of malloc and its kin in one run after one that warms up; `-` where no counting_malloc is loaded.
static int print_allocations(const struct work *work) {
    uintptr_t (*counted)(void);
    void *symbol = dlsym(RTLD_DEFAULT, "counted_allocations");
    if (symbol == NULL) {
        return puts("-") != EOF;
    }
    memcpy(&counted, &symbol, sizeof counted);
    if (work->run(work->state) == 0) {
        return refuse(work->name, "failed");
    }
    uintptr_t before = counted();
    size_t result = work->run(work->state);
    uintptr_t after = counted();
    printf("%ju\n", (uintmax_t)(after - before));
    return result != 0;
}

static int answer(const struct codec *codec, const char *folder, const char *line) {
    char verb[MAX_WORD] = "", first[MAX_WORD] = "", second[MAX_WORD] = "";
    long samples = 0, repeats = 0;
    int words = sscanf(line, "%63s %63s %63s %ld %ld", verb, first, second, &samples, &repeats);
    int is_about = strcmp(verb, "about") == 0 && words == 2;
    struct file *file = words >= 2 ? file_named(codec, folder, is_about ? first : second) : NULL;
    if (file == NULL || file->work_count == 0) {
        return refuse(line, "no such payload");
    }
    if (is_about) {
        printf("%s\t%s", codec->name, codec->version);
        for (size_t i = 0; i < file->work_count; i++) {
            printf("\t%s", file->works[i].name);
        }
        return puts("") != EOF;
    }
    for (size_t i = 0; i < file->work_count; i++) {
        const struct work *work = &file->works[i];
        if (strcmp(work->name, first) != 0) {
            continue;
        }
        if (strcmp(verb, "result") == 0 && words == 3) {
            return printf("%zu\n", work->run(work->state)) > 0;
        }
        if (strcmp(verb, "count") == 0 && words == 3) {
            return print_allocations(work);
        }
        if (strcmp(verb, "time") == 0 && words == 5 && samples > 0 && repeats > 0) {
            return print_best(work, samples, repeats);
        }
    }
    return refuse(line, "unknown request");
}

int serve(const struct codec *codec, const char *folder) {
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!answer(codec, folder, line) || fflush(stdout) == EOF) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
