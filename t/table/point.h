
/*
 * Included before each file of the table by the tests' build: the places in
 * its writers where a test kills, stops or delays the process.
 */


#ifndef _TABLE_POINT_H_INCLUDED_
#define _TABLE_POINT_H_INCLUDED_


#define TABLE_POINTS  14

#define NGX_ORDER_TABLE_POINT(n)  table_point(n)


void table_point(int n);


#endif /* _TABLE_POINT_H_INCLUDED_ */
