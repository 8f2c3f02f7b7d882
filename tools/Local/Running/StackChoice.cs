namespace Relaybox.Local.Running;

/// <summary>Which store and which broker a run has: the template's parameters Store and Broker.</summary>
/// <param name="Store">dynamodb or postgres.</param>
/// <param name="Broker">sqs or nats.</param>
internal sealed record StackChoice(string Store, string Broker)
{
    public bool IsPostgres => Store == "postgres";

    public bool IsNats => Broker == "nats";

    public override string ToString() => $"{Store} and {Broker}";
}
