namespace Relaybox.Planner.Planning;

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
