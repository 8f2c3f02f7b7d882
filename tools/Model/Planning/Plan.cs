namespace Relaybox.Model.Planning;

internal enum Store
{
    DynamoDb,
    Postgres,
}

internal enum Broker
{
    Sqs,
    Nats,
}

/// <summary>Something that can only do so much.</summary>
/// <param name="Name">What.</param>
/// <param name="PerUnit">How many events a second one of it carries.</param>
/// <param name="Units">How many of it there are as the stack comes.</param>
/// <param name="Unit">What one of it is called.</param>
/// <param name="Change">What changes the limit.</param>
/// <param name="Only">Where it limits anything at all; null: always.</param>
internal sealed record Limit(string Name, double PerUnit, double Units, string Unit, string Change, string? Only = null)
{
    /// <summary>At how many events a second it is met, as the stack comes.</summary>
    public double MetAt => PerUnit * Units;
}

/// <summary>How many of something a rate needs.</summary>
/// <param name="Name">What.</param>
/// <param name="Count">How many, whole ones.</param>
internal sealed record Need(string Name, double Count);

/// <summary>What something costs in a month.</summary>
/// <param name="Name">What.</param>
/// <param name="Dollars">US dollars.</param>
internal sealed record Charge(string Name, double Dollars);

/// <summary>What it takes to carry a rate.</summary>
/// <param name="Rate">Events a second, all day.</param>
/// <param name="Store">Where the outbox and the inbox are.</param>
/// <param name="Broker">Through what the events go.</param>
/// <param name="Needs">How many of what.</param>
/// <param name="Limits">What can only do so much, the first that is met first.</param>
/// <param name="Charges">What a month costs.</param>
internal sealed record Plan(
    double Rate, Store Store, Broker Broker, IReadOnlyList<Need> Needs, IReadOnlyList<Limit> Limits, IReadOnlyList<Charge> Charges)
{
    internal const double SecondsPerMonth = 730 * 3600;

    /// <summary>The limit that is met first in the stack as it comes, on an ordinary day.</summary>
    public Limit FirstLimit => Limits.First(limit => limit.Only is null);

    public double DollarsPerMonth => Charges.Sum(charge => charge.Dollars);

    public double DollarsPerMillion => DollarsPerMonth / (Rate * SecondsPerMonth / 1e6);

    /// <summary>How many of something are needed; 0 where nothing of the name is.</summary>
    public double Count(string name) => Needs.FirstOrDefault(need => need.Name == name)?.Count ?? 0;
}
