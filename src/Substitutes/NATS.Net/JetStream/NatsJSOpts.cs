using NATS.Client.Core;

namespace NATS.Client.JetStream;

public record NatsJSOpts
{
    public NatsJSOpts(NatsOpts opts, string? apiPrefix = default, string? domain = default, AckOpts? ackOpts = default)
    {
        if (apiPrefix is not null && domain is not null)
        {
            throw new NatsJSException("Cannot specify both ApiPrefix and Domain.");
        }

        ApiPrefix = apiPrefix ?? "$JS.API";
        Domain = domain;
        DoubleAck = ackOpts?.DoubleAck ?? false;
    }

    public string Prefix => string.IsNullOrEmpty(Domain) ? ApiPrefix : $"$JS.{Domain}.API";

    public string ApiPrefix { get; }

    public string? Domain { get; }

    public bool DoubleAck { get; init; }
}
