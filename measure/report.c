// report.c: the launcher's report, one JSON object on one line. launch.c's head lists its fields.

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "launch.h"

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static void print_number_or_null(FILE* to, bool there, int value) {
    if (there) {
        fprintf(to, "%d", value);
    } else {
        fputs("null", to);
    }
}

static void print_string_or_null(FILE* to, const char* text) {
    if (text == NULL) {
        fputs("null", to);
        return;
    }
    fputc('"', to);
    for (const char* c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20) {
            fprintf(to, "\\u%04x", (unsigned)*c);
            continue;
        }
        if (*c == '"' || *c == '\\') fputc('\\', to);
        fputc(*c, to);
    }
    fputc('"', to);
}

void report(const struct run* run, const struct options* options, const char* not_started) {
    FILE* to = fdopen(options->report_fd, "w");
    if (to == NULL) fail("cannot write the report: %s", strerror(errno));
    const struct rusage* usage = &run->usage;
    bool has_status = not_started == NULL && run->ended;

    fputs("{\"exit\":", to);
    print_number_or_null(to, has_status && WIFEXITED(run->status), WEXITSTATUS(run->status));
    fputs(",\"signal\":", to);
    print_number_or_null(to, has_status && WIFSIGNALED(run->status), WTERMSIG(run->status));
    fputs(",\"stopped\":", to);
    print_string_or_null(to, run->stopped);
    fputs(",\"error\":", to);
    print_string_or_null(to, not_started);
    fprintf(to, ",\"wall_s\":%.6f,\"user_s\":%.6f,\"sys_s\":%.6f", run->wall_s, seconds(usage->ru_utime),
            seconds(usage->ru_stime));
    fprintf(to, ",\"peak_kib\":%ld,\"strays\":%u,\"survivors\":%zu", usage->ru_maxrss, run->strays, run->survivors);
    fprintf(to, ",\"question_wall_s\":%.6f,\"question_cpu_s\":%.6f", run->question.wall_s, run->question.cpu_s);
    fprintf(to, ",\"looks\":%u,\"idle_looks\":%u", run->looks, run->idle_looks);
    fprintf(to, ",\"minor_faults\":%ld,\"major_faults\":%ld", usage->ru_minflt, usage->ru_majflt);
    fprintf(to, ",\"voluntary_switches\":%ld,\"involuntary_switches\":%ld", usage->ru_nvcsw, usage->ru_nivcsw);
    fprintf(to, ",\"stdout_bytes\":%" PRIu64 ",\"stderr_bytes\":%" PRIu64 "}\n", run->relays[0].bytes,
            run->relays[1].bytes);
    if (fclose(to) != 0) fail("cannot write the report: %s", strerror(errno));
}
