#!/usr/bin/env ruby
# Sends one notification to a user: send.rb USER TITLE MESSAGE KEY
#
# KEY names what has happened, as order-2041-paid: by it a repeat does no harm, so what was
# not answered, or with 503, is sent again.
#
# Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
# publisher key, which "tidings key add" makes, or the token of a service.

require "json"
require "net/http"

ATTEMPTS = 6
NotSent = Class.new(StandardError)

def post(uri, request)
  Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https",
                                      open_timeout: 10, read_timeout: 30) do |http|
    http.request(request)
  end
end

def reason(response)
  JSON.parse(response.body).fetch("error")
rescue JSON::ParserError, KeyError, TypeError
  "the server answered #{response.code}"
end

def notify(user, title, message, key, type: "info")
  uri = URI("#{ENV.fetch("TIDINGS_URL")}/")
  request = Net::HTTP::Post.new(uri, "Authorization" => "Bearer #{ENV.fetch("TIDINGS_TOKEN")}",
                                     "Content-Type" => "application/json",
                                     "Idempotency-Key" => key)
  request.body = JSON.generate(userId: user, type: type, title: title, message: message)
  problem = nil
  ATTEMPTS.times do |attempt|
    wait = 2**attempt
    begin
      response = post(uri, request)
      return JSON.parse(response.body)["notification"] if response.is_a?(Net::HTTPCreated)

      problem = reason(response)
      break unless %w[502 503 504].include?(response.code)

      wait = response["Retry-After"].to_i if response["Retry-After"]
    rescue SystemCallError, SocketError, IOError, Timeout::Error, Net::ProtocolError,
           OpenSSL::SSL::SSLError => e
      problem = e.message
    end
    sleep [wait, 60].min if attempt + 1 < ATTEMPTS
  end
  raise NotSent, problem
end

if $PROGRAM_NAME == __FILE__
  if ARGV.length != 4
    warn "Usage: send.rb USER TITLE MESSAGE KEY"
    exit 2
  end
  begin
    notify(*ARGV)
  rescue NotSent => e
    abort e.message
  end
end
