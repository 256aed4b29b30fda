
/*
 * SipHash with 128 bits of output, after the description of its authors.
 * Words are read and written in little-endian order on every machine.
 *
 * One round a word and three at the end: nobody sees a hash, and whoever looks
 * for a token that collides with a remembered one has but a yes or no to learn
 * from, and 128 bits to guess.  The tests compile it with the two and four
 * rounds for which there are known answers.
 */


#include <ngx_order_siphash.h>


#ifndef NGX_ORDER_SIPHASH_ROUNDS
#define NGX_ORDER_SIPHASH_ROUNDS  1
#define NGX_ORDER_SIPHASH_FINAL   3
#endif


#define ngx_order_siphash_rotl(x, n)  ((x) << (n) | (x) >> (64 - (n)))


typedef struct {
    uint64_t   v0;
    uint64_t   v1;
    uint64_t   v2;
    uint64_t   v3;
} ngx_order_siphash_t;


static ngx_inline uint64_t ngx_order_siphash_load(const u_char *p);
static ngx_inline void ngx_order_siphash_store(u_char *p, uint64_t n);
static ngx_inline uint64_t ngx_order_siphash_tail(const u_char *p,
    size_t len);
static ngx_inline void ngx_order_siphash_add(ngx_order_siphash_t *s,
    uint64_t m);
static ngx_inline void ngx_order_siphash_round(ngx_order_siphash_t *s);
static ngx_inline uint64_t ngx_order_siphash_final(ngx_order_siphash_t *s);


void
ngx_order_siphash(u_char *hash, const u_char *key, const u_char *data,
    size_t len)
{
    uint64_t              k0, k1;
    const u_char         *last;
    ngx_order_siphash_t   s;

    k0 = ngx_order_siphash_load(key);
    k1 = ngx_order_siphash_load(key + 8);

    s.v0 = UINT64_C(0x736f6d6570736575) ^ k0;
    s.v1 = UINT64_C(0x646f72616e646f6d) ^ k1 ^ 0xee;
    s.v2 = UINT64_C(0x6c7967656e657261) ^ k0;
    s.v3 = UINT64_C(0x7465646279746573) ^ k1;

    for (last = data + (len & ~(size_t) 7); data != last; data += 8) {
        ngx_order_siphash_add(&s, ngx_order_siphash_load(data));
    }

    ngx_order_siphash_add(&s, ngx_order_siphash_tail(data, len));

    s.v2 ^= 0xee;
    ngx_order_siphash_store(hash, ngx_order_siphash_final(&s));

    s.v1 ^= 0xdd;
    ngx_order_siphash_store(hash + 8, ngx_order_siphash_final(&s));
}


static ngx_inline uint64_t
ngx_order_siphash_load(const u_char *p)
{
#if (NGX_HAVE_LITTLE_ENDIAN)
    uint64_t  n;

    ngx_memcpy(&n, p, sizeof(uint64_t));

    return n;
#else
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
#endif
}


static ngx_inline void
ngx_order_siphash_store(u_char *p, uint64_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> i * 8);
    }
}


/* the last word: what is left of the data, and the length's lowest byte */

static ngx_inline uint64_t
ngx_order_siphash_tail(const u_char *p, size_t len)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = (uint64_t) len << 56;

    for (i = 0; i < (len & 7); i++) {
        n |= (uint64_t) p[i] << i * 8;
    }

    return n;
}


static ngx_inline void
ngx_order_siphash_add(ngx_order_siphash_t *s, uint64_t m)
{
    ngx_uint_t  i;

    s->v3 ^= m;

    for (i = 0; i < NGX_ORDER_SIPHASH_ROUNDS; i++) {
        ngx_order_siphash_round(s);
    }

    s->v0 ^= m;
}


static ngx_inline void
ngx_order_siphash_round(ngx_order_siphash_t *s)
{
    s->v0 += s->v1;
    s->v1 = ngx_order_siphash_rotl(s->v1, 13) ^ s->v0;
    s->v0 = ngx_order_siphash_rotl(s->v0, 32);

    s->v2 += s->v3;
    s->v3 = ngx_order_siphash_rotl(s->v3, 16) ^ s->v2;

    s->v0 += s->v3;
    s->v3 = ngx_order_siphash_rotl(s->v3, 21) ^ s->v0;

    s->v2 += s->v1;
    s->v1 = ngx_order_siphash_rotl(s->v1, 17) ^ s->v2;
    s->v2 = ngx_order_siphash_rotl(s->v2, 32);
}


static ngx_inline uint64_t
ngx_order_siphash_final(ngx_order_siphash_t *s)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_ORDER_SIPHASH_FINAL; i++) {
        ngx_order_siphash_round(s);
    }

    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}
