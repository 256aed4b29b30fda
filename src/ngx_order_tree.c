
/*
 * Things that have an id, to be found by it.
 */


#include <ngx_order_tree.h>


static ngx_rbtree_key_t ngx_order_tree_key(const ngx_order_id_t *id);
static ngx_int_t ngx_order_tree_compare(const ngx_order_id_t *id,
    ngx_rbtree_key_t key, const ngx_rbtree_node_t *node);
static void ngx_order_tree_place(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);


void
ngx_order_tree_init(ngx_order_tree_t *tree)
{
    ngx_rbtree_init(&tree->rbtree, &tree->sentinel, ngx_order_tree_place);
}


ngx_order_tree_node_t *
ngx_order_tree_find(const ngx_order_tree_t *tree, const ngx_order_id_t *id)
{
    ngx_int_t           rc;
    ngx_rbtree_key_t    key;
    ngx_rbtree_node_t  *node;

    key = ngx_order_tree_key(id);
    node = tree->rbtree.root;

    while (node != tree->rbtree.sentinel) {
        rc = ngx_order_tree_compare(id, key, node);

        if (rc == 0) {
            return (ngx_order_tree_node_t *) node;
        }

        node = rc < 0 ? node->left : node->right;
    }

    return NULL;
}


void
ngx_order_tree_insert(ngx_order_tree_t *tree, ngx_order_tree_node_t *node)
{
    node->node.key = ngx_order_tree_key(&node->id);

    ngx_rbtree_insert(&tree->rbtree, &node->node);
}


void
ngx_order_tree_delete(ngx_order_tree_t *tree, ngx_order_tree_node_t *node)
{
    ngx_rbtree_delete(&tree->rbtree, &node->node);
}


static ngx_rbtree_key_t
ngx_order_tree_key(const ngx_order_id_t *id)
{
    uint64_t  key;

    ngx_memcpy(&key, id->data + NGX_ORDER_ID_LEN - sizeof(key), sizeof(key));

    return (ngx_rbtree_key_t) key;
}


static ngx_int_t
ngx_order_tree_compare(const ngx_order_id_t *id, ngx_rbtree_key_t key,
    const ngx_rbtree_node_t *node)
{
    if (key != node->key) {
        return key < node->key ? -1 : 1;
    }

    return ngx_memcmp(id->data, ((ngx_order_tree_node_t *) node)->id.data,
                      NGX_ORDER_ID_LEN);
}


static void
ngx_order_tree_place(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t      **p;
    ngx_order_tree_node_t   *item;

    item = (ngx_order_tree_node_t *) node;

    for ( ;; ) {
        p = ngx_order_tree_compare(&item->id, node->key, temp) < 0
            ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;

    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}
