CREATE OR REPLACE FUNCTION shop.product_json(
    p_product shop.products, p_store shop.stores)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j)
              FROM (SELECT p_product.id, p_product.name,
                           p_product.description,
                           amount(p_product.price) AS price,
                           p_store.currency, p_product.stock,
                           p_product.status, p_product.store_id,
                           p_store.name AS store_name) j);
END
$$;

COMMENT ON FUNCTION shop.product_json(shop.products, shop.stores) IS
    'A product as JSON.';
