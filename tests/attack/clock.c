/* Clocks that jump in the middle of a run, for LD_PRELOAD: CLOCK_JUMPS is "after:realtime:monotonic,...", where after is a
   number of readings and the others are seconds that are added from then on. All threads read one clock. CLOCK_SEEN is a
   file that gets a byte for each jump that came, since one that never comes shows nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long readings;

static void came(void) {
  int file = open(getenv("CLOCK_SEEN"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (file < 0 || write(file, ".", 1) != 1 || close(file) != 0) abort();
}

static long jumped(int realtime) {
  long now = atomic_fetch_add(&readings, 1), found = 0;
  const char *jumps = getenv("CLOCK_JUMPS");
  for (; jumps != NULL && *jumps != 0; jumps = strchr(jumps, ',') ? strchr(jumps, ',') + 1 : NULL) {
    long after, wall, steady;
    if (sscanf(jumps, "%ld:%ld:%ld", &after, &wall, &steady) == 3 && now >= after) {
      found = realtime ? wall : steady;
      if (now == after) came();
    }
  }
  return found;
}

static int is_steady(clockid_t clock) {
  return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(clock, out);
  if (status == 0 && (is_steady(clock) || clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    out->tv_sec += jumped(!is_steady(clock));
  return status;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int status = clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return status;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
