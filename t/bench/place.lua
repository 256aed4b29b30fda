-- Places orders of one product each, out of the 10,000 that t/bench/shop.sql
-- makes.  Environment: BENCH_TOKENS, a file with a token a line.

local token = io.lines(os.getenv("BENCH_TOKENS"))()
local format, random = string.format, math.random

function init(args)
    math.randomseed(os.time())
end

function request()
    local body = format('{"items":[{"product_id":"00000002-0000-7000-8000-' ..
                        '%012d","quantity":1}],"payment_method":"card"}',
                        random(10000, 19999))

    return "POST /api/place-order HTTP/1.1\r\nHost: shop\r\n" ..
           "Content-Type: application/json\r\nAuthorization: Bearer " ..
           token .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
