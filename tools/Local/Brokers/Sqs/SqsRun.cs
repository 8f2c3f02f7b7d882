namespace Relaybox.Local.Brokers.Sqs;

/// <summary>The queues of a run: the template has them all, with their event sources.</summary>
internal sealed class SqsRun : BrokerRun;
