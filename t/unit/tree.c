
/*
 * The tree of ids, against a list that says which of them are in it.
 */


#include <test.h>
#include <ngx_order_tree.h>


#define IDS    100000
#define ROUND  10000      /* how often all of it is looked at */


typedef struct {
    ngx_order_tree_node_t    node;     /* first */
    int                      in;
} item_t;


static ngx_order_tree_t  tree;
static item_t            items[IDS];
static int               chosen[IDS];
static uint64_t          state;


static uint64_t
number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return state;
}


/* All of them in an order of their own. */

static void
shuffle(void)
{
    int  i, other, t;

    for (i = 0; i < IDS; i++) {
        chosen[i] = i;
    }

    for (i = IDS - 1; i > 0; i--) {
        other = (int) (number() % (uint64_t) (i + 1));
        t = chosen[i];
        chosen[i] = chosen[other];
        chosen[other] = t;
    }
}


static void
set(ngx_order_id_t *id, uint64_t high, uint64_t low)
{
    memcpy(id->data, &high, sizeof(high));
    memcpy(id->data + sizeof(high), &low, sizeof(low));
}


/* --- what nginx says of its trees: how many are below this one, how many
 * black ones there are on each way down; -1: it is none */

static int   count;
static const ngx_order_tree_node_t  *before;


static int
sound(const ngx_rbtree_node_t *node)
{
    int                           left, right;
    const ngx_order_tree_node_t  *item;

    if (node == &tree.sentinel) {
        return 0;
    }

    if (ngx_rbt_is_red(node)
        && (ngx_rbt_is_red(node->left) || ngx_rbt_is_red(node->right)))
    {
        return -1;
    }

    left = sound(node->left);

    item = (const ngx_order_tree_node_t *) node;
    count++;

    if (before
        && (before->node.key > node->key
            || (before->node.key == node->key
                && memcmp(before->id.data, item->id.data, NGX_ORDER_ID_LEN)
                   >= 0)))
    {
        return -1;
    }

    before = item;
    right = sound(node->right);

    if (left == -1 || left != right) {
        return -1;
    }

    return left + !ngx_rbt_is_red(node);
}


/* Is the tree what the list says. */

static int
same(void)
{
    int                     i, in;
    ngx_order_tree_node_t  *found;

    for (i = 0, in = 0; i < IDS; i++) {
        found = ngx_order_tree_find(&tree, &items[i].node.id);

        if (found != (items[i].in ? &items[i].node : NULL)) {
            note("id %d is%s there", i, items[i].in ? " not" : "");
            return 0;
        }

        in += items[i].in;
    }

    count = 0;
    before = NULL;

    return sound(tree.rbtree.root) != -1 && count == in;
}


static void
fill_and_empty(const char *name)
{
    int             i, holds;
    ngx_order_id_t  other;

    ngx_order_tree_init(&tree);

    ok(ngx_order_tree_find(&tree, &items[0].node.id) == NULL,
       "%s: nothing is in an empty tree", name);

    for (i = 0, holds = 1; i < IDS; i++) {
        ngx_order_tree_insert(&tree, &items[i].node);
        items[i].in = 1;

        if ((i + 1) % ROUND == 0) {
            holds = holds && same();
        }
    }

    ok(holds, "%s: all that were inserted are found", name);

    for (i = 0, holds = 1; i < IDS; i++) {
        other = items[i].node.id;
        other.data[i % 2 ? 7 : 15] ^= 0x80;
        holds = holds && ngx_order_tree_find(&tree, &other) == NULL;
    }

    ok(holds, "%s: one that is nearly the same is not", name);

    shuffle();

    for (i = 0, holds = 1; i < IDS; i++) {
        ngx_order_tree_delete(&tree, &items[chosen[i]].node);
        items[chosen[i]].in = 0;

        if ((i + 1) % ROUND == 0) {
            holds = holds && same();
        }
    }

    ok(holds && tree.rbtree.root == &tree.sentinel,
       "%s: deleted in any order, the others stay", name);
}


/* Some go, some come back. */

static void
come_and_go(void)
{
    int      i, holds;
    item_t  *item;

    ngx_order_tree_init(&tree);

    for (i = 0, holds = 1; i < 10 * IDS; i++) {
        item = &items[number() % IDS];

        if (item->in) {
            ngx_order_tree_delete(&tree, &item->node);

        } else {
            ngx_order_tree_insert(&tree, &item->node);
        }

        item->in = !item->in;

        if ((i + 1) % IDS == 0) {
            holds = holds && same();
        }
    }

    ok(holds, "ids that come and go are there while they are");

    for (i = 0; i < IDS; i++) {
        items[i].in = 0;
    }
}


int
main(void)
{
    int       i;
    uint64_t  n;

    core();

    state = nsec() | 1;
    note("seed %llu", (unsigned long long) state);

    for (i = 0; i < IDS; i++) {
        set(&items[i].node.id, number(), number());
    }

    fill_and_empty("random");
    come_and_go();

    /* the bytes that are the key, ascending in memory and as numbers */

    for (i = 0; i < IDS; i++) {
        set(&items[i].node.id, 0, (uint64_t) i);
    }

    fill_and_empty("ascending");

    for (i = 0; i < IDS; i++) {
        set(&items[i].node.id, ~UINT64_C(0), ~(uint64_t) i);
    }

    fill_and_empty("descending");

    /* what differs is not in the key */

    for (i = 0; i < IDS; i++) {
        set(&items[i].node.id, (uint64_t) i, 7);
    }

    fill_and_empty("one key");

    for (i = 0; i < IDS; i++) {
        n = number();
        set(&items[i].node.id, (n & ~UINT64_C(0xffffff)) | (uint64_t) i,
            n % 100);
    }

    fill_and_empty("hundred keys");

    return done();
}
