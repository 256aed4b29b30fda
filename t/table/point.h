
/*
 * Included before each file of the table, and that of the ring, by the tests'
 * build: the places in their writers where a test kills, stops or delays the
 * process.
 */


#ifndef _TABLE_POINT_H_INCLUDED_
#define _TABLE_POINT_H_INCLUDED_


#define TABLE_POINTS  14
#define RING_POINTS   6

#define NGX_ORDER_TABLE_POINT(n)  table_point(n)
#define NGX_ORDER_RING_POINT(n)   table_point(n)


void table_point(int n);


#endif /* _TABLE_POINT_H_INCLUDED_ */
