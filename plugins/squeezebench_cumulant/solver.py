import squeezebench as sb
class Cumulant(sb.Solver):
    name="cumulant"
