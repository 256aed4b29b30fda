-- Polls of random orders, each with a token of its own: orders of sql/fill.sql
-- below the URL's path.  Environment: BENCH_TOKENS, a file with a token a
-- line, of which the first BENCH_ORDERS are used; BENCH_ETAG, sent as
-- If-None-Match.  The requests are made before the first is sent, so that the
-- client is no slower than the server.

local limit = tonumber(os.getenv("BENCH_ORDERS"))
local etag = os.getenv("BENCH_ETAG")
local random = math.random
local requests, count = {}, 0

function init(args)
    local head = "GET " .. wrk.path ..
                 "/order-status/00000001-0000-7000-8000-%012x HTTP/1.1\r\n" ..
                 "Host: shop\r\nAuthorization: Bearer %s\r\n\r\n"

    if etag and etag ~= "" then
        head = head:gsub("\r\n\r\n", "\r\nIf-None-Match: " .. etag ..
                                     "\r\n\r\n")
    end

    math.randomseed(os.time())

    for token in io.lines(os.getenv("BENCH_TOKENS")) do
        count = count + 1
        requests[count] = head:format(count, token)
        if count == limit then break end
    end
end

function request()
    return requests[random(count)]
end
