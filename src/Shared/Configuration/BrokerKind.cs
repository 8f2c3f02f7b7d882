namespace Relaybox.Configuration;

/// <summary>Where events are sent.</summary>
public enum BrokerKind
{
    /// <summary>Amazon SQS.</summary>
    Sqs,

    /// <summary>NATS JetStream.</summary>
    Nats,
}
