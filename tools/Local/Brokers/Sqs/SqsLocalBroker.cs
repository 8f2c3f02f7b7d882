namespace Relaybox.Local.Brokers.Sqs;

/// <summary>Queues of SQS. Their server is the run's: whatever the broker is, schedules and streams have dead-letter queues.</summary>
internal sealed class SqsLocalBroker : ILocalBroker
{
    public string Name => "sqs";

    public IReadOnlyList<string> Ports => [];

    public BrokerRun Create(IReadOnlyList<int> ports) => new SqsRun();
}
