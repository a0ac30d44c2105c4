/* Lets a program believe that its x86 processor has no AVX-512, AMX or AVX-VNNI, as most desktop and AMD machines up to 2022.

   gcc -O2 -shared -fPIC -o without_avx512.so without_avx512.c -ldl
   LD_PRELOAD=$PWD/without_avx512.so CONCORDANT_CPUINFO=FILE program

   Linux can make the CPUID instruction fault (arch_prctl(2), ARCH_SET_CPUID; Intel since 2012, and virtual machines that pass it on). The
   handler runs the real instruction and clears the bits. What is read from /proc/cpuinfo comes from the file named by CONCORDANT_CPUINFO.
   Does nothing where CPUID cannot fault. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

static struct sigaction before;

static long allow_cpuid(long on) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, on); }

static void clear(unsigned leaf, unsigned subleaf, unsigned *a, unsigned *b, unsigned *c, unsigned *d) {
    if (leaf == 7 && subleaf == 0) {
        *b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31)); /* AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL */
        *c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));                                 /* VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ */
        *d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25));              /* VP2INTERSECT, FP16, AMX */
    } else if (leaf == 7 && subleaf == 1) {
        *a &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23)); /* AVX-VNNI, AVX-512 BF16, AMX FP16, AVX-IFMA */
        *d &= ~(BIT(4) | BIT(5) | BIT(19));           /* AVX-VNNI-INT8, AVX-NE-CONVERT, AVX10 */
    } else if (leaf == 0x24) {
        *a = *b = *c = *d = 0; /* AVX10 */
    }
}

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    unsigned char *code = (unsigned char *)r[REG_RIP];
    if (code[0] != 0x0f || code[1] != 0xa2) { /* a real fault: let it happen again without this handler */
        sigaction(SIGSEGV, &before, NULL);
        return;
    }
    unsigned leaf = r[REG_RAX], subleaf = r[REG_RCX], a, b, c, d;
    allow_cpuid(1);
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(subleaf));
    allow_cpuid(0);
    clear(leaf, subleaf, &a, &b, &c, &d);
    r[REG_RAX] = a, r[REG_RBX] = b, r[REG_RCX] = c, r[REG_RDX] = d;
    r[REG_RIP] += 2;
}

static const char *instead(const char *path) {
    const char *other = getenv("CONCORDANT_CPUINFO");
    return other && !strcmp(path, "/proc/cpuinfo") ? other : path;
}

#define INTERPOSED(name)                                                           \
    int name(const char *path, int flags, ...) {                                  \
        int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);             \
        va_list more;                                                              \
        va_start(more, flags);                                                     \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;  \
        va_end(more);                                                              \
        return next(instead(path), flags, mode);                                   \
    }
INTERPOSED(open)
INTERPOSED(open64)

__attribute__((constructor)) static void start(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSEGV, &action, &before) == 0 && allow_cpuid(0) != 0) sigaction(SIGSEGV, &before, NULL);
}
