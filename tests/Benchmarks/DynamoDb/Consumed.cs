namespace Relaybox.Benchmarks.DynamoDb;

/// <summary>What calls have consumed.</summary>
internal readonly record struct Consumed(double WriteUnits, double ReadUnits, int Requests)
{
    public static Consumed operator +(Consumed a, Consumed b) =>
        new(a.WriteUnits + b.WriteUnits, a.ReadUnits + b.ReadUnits, a.Requests + b.Requests);
}
