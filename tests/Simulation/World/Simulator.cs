using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>Runs one seed: the storm, the healing, what must then come true, and the clearing up.</summary>
internal static class Simulator
{
    private const long MostSteps = 400_000;

    internal static Outcome Run(ulong seed, IReadOnlySet<int>? suppressed = null, bool keepsText = false)
    {
        var options = WorldOptions.Of(seed);
        var world = new World(seed, options, suppressed ?? new HashSet<int>(), keepsText);
        InvariantException? violation = null;
        try
        {
            world.Begin();
            RunUntil(world, options.Storm, () => false);
            world.Heal();

            // Lease, pauses of calls that are out, backoff, index and stream; whoever's clock ran ahead has leased for longer.
            var relayed = world.Loop.Elapsed + TimeSpan.FromMinutes(45) + (options.MaxSkew * 2);
            RunUntil(world, relayed, world.IsRelayed);
            Checker.Require(world.IsRelayed(), "L1", $"not sent or parked: {world.NotRelayed()}");

            var handled = world.Loop.Elapsed + TimeSpan.FromMinutes(60) + (options.MaxSkew * 2);
            RunUntil(world, handled, () => world.IsHandled() && world.IsRelayed());
            Checker.Require(world.IsHandled(), "L2", $"not handled or dead: {world.NotHandled()}");
            Checker.Require(world.IsRelayed(), "L1", $"not sent or parked: {world.NotRelayed()}");
            if (options.HasOperators)
            {
                world.Revive();
                var revived = world.Loop.Elapsed + TimeSpan.FromMinutes(60) + (options.MaxSkew * 2);
                RunUntil(world, revived, () => world.IsRevived() && world.IsHandled());
                Checker.Require(
                    world.IsRevived() && world.IsHandled(), "L4", $"redriven and not handled: {world.NotRevived()} {world.NotHandled()}");
            }

            world.CheckEnd();

            // An operation that is gone on with may send a dead letter back, which has to be handled or die again.
            RunUntil(world, world.Loop.Elapsed + TimeSpan.FromMinutes(15) + options.MaxSkew, () => world.IsReleased() && world.IsHandled());
            Checker.Require(world.IsReleased(), "L3", "a claim has outlived its lease and a reset, or an operation does not end");
            Checker.Require(world.IsHandled(), "L2", $"not handled or dead: {world.NotHandled()}");

            var cleaned = world.Loop.Elapsed + World.ProcessedRetention + TimeSpan.FromMinutes(100) + options.MaxSkew;
            world.ClearUp();
            RunUntil(world, cleaned, world.IsClean);
            Checker.Require(world.IsClean(), "S8", "what is finished and old enough is still there");
            world.Redrive();
            RunUntil(world, world.Loop.Elapsed + TimeSpan.FromMinutes(40), world.IsHandled);
            Checker.Require(world.IsHandled(), "L2", $"not handled or dead: {world.NotHandled()}");
            world.End();
        }
        catch (InvariantException e)
        {
            violation = e;
        }

        return new Outcome(seed, options, violation, world.Trace.Hash, world.Loop.Steps, world.Faults.Happened, world.Trace.Lines)
        {
            Counts = world.Checker.Counts,
        };
    }

    private static void RunUntil(World world, TimeSpan until, Func<bool> isDone)
    {
        var nextLook = TimeSpan.Zero;
        while (world.Loop.Elapsed < until)
        {
            if (!world.Loop.Step())
            {
                return;
            }

            if (world.Violation is { } violation)
            {
                throw violation;
            }

            Checker.Require(world.Loop.Escape is null, "one thread", world.Loop.Escape ?? "");
            Checker.Require(world.Loop.Steps < MostSteps, "end", "it does not come to an end");
            if (world.Loop.Elapsed >= nextLook)
            {
                nextLook = world.Loop.Elapsed + TimeSpan.FromSeconds(1);
                if (isDone())
                {
                    return;
                }
            }
        }
    }
}
