-- Polls of random orders, each with a token of its own: orders of sql/fill.sql
-- below the URL's path.  Environment: BENCH_TOKENS, a file with a token a
-- line, of which the first BENCH_ORDERS are used; BENCH_ETAG, sent as
-- If-None-Match.

local tokens, count = {}, 0
local limit = tonumber(os.getenv("BENCH_ORDERS"))
local etag = os.getenv("BENCH_ETAG")
local tail = "\r\n\r\n"
local head

if etag and etag ~= "" then
    tail = "\r\nIf-None-Match: " .. etag .. tail
end

function init(args)
    math.randomseed(os.time())

    for line in io.lines(os.getenv("BENCH_TOKENS")) do
        count = count + 1
        tokens[count] = line
        if count == limit then break end
    end

    head = "GET " .. wrk.path .. "/order-status/00000001-0000-7000-8000-"
end

local format, random = string.format, math.random

function request()
    local i = random(limit)

    return head .. format("%012x", i) ..
           " HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer " ..
           tokens[(i - 1) % count + 1] .. tail
end
