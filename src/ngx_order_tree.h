
/*
 * Things that have an id, to be found by it: a red-black tree of nginx, keyed
 * by the id's random end.
 */


#ifndef _NGX_ORDER_TREE_H_INCLUDED_
#define _NGX_ORDER_TREE_H_INCLUDED_


#include <ngx_order.h>


typedef struct {
    ngx_rbtree_t             rbtree;
    ngx_rbtree_node_t        sentinel;
} ngx_order_tree_t;


/* the first member of a thing in a tree */

typedef struct {
    ngx_rbtree_node_t        node;
    ngx_order_id_t           id;
} ngx_order_tree_node_t;


void ngx_order_tree_init(ngx_order_tree_t *tree);

/* NULL: there is none. */
ngx_order_tree_node_t *ngx_order_tree_find(const ngx_order_tree_t *tree,
    const ngx_order_id_t *id);

/* node->id is set, and not in the tree yet. */
void ngx_order_tree_insert(ngx_order_tree_t *tree,
    ngx_order_tree_node_t *node);

void ngx_order_tree_delete(ngx_order_tree_t *tree,
    ngx_order_tree_node_t *node);


#endif /* _NGX_ORDER_TREE_H_INCLUDED_ */
