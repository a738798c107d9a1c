-- Load for wrk: POST /api/v1/emails with about 1 KB of JSON and a key that no other request has.
-- Arguments: API key, prefix of the Idempotency-Keys, requests after which to stop (0: by time),
-- milliseconds that each connection pauses before a request (0: none).
local head, tail, prefix, stop_after
local asked, answered, refused = 0, 0, 0
local recipients = 5000 -- customers who come back now and then

-- wrk itself always works until its time is over.
local function stop_at_count(status)
  answered = answered + 1
  if status ~= 200 then refused = refused + 1 end
  if answered < stop_after then return end
  io.write(string.format('RESULT {"requests":%d,"failed":%d}\n', answered, refused))
  io.flush()
  os.exit(0)
end

function init(args)
  prefix, stop_after = args[2], tonumber(args[3])
  wrk.method, wrk.path = "POST", "/api/v1/emails"
  wrk.headers["content-type"] = "application/json"
  wrk.headers["x-api-key"] = args[1]
  if stop_after > 0 then response = stop_at_count end
  local pause_ms = tonumber(args[4])
  if pause_ms > 0 then delay = function() return pause_ms end end
  head = '{"templateKey":"receipt-default","to":{"email":"customer'
  tail = '@customers.example"},"data":{"orderId":"ord_9421","firstName":"Alex",'
    .. '"orderTotal":"49.00","receiptUrl":"https://shop.example/receipts/ord_9421","note":"'
    .. string.rep("All that the shop knows of this order. ", 20) .. '"}}'
end

function request()
  asked = asked + 1
  wrk.headers["idempotency-key"] = prefix .. ":" .. asked
  return wrk.format(nil, nil, nil, head .. (asked % recipients) .. tail)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT {"requests":%d,"seconds":%.6f,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
