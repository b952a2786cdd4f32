"""Common given names in English news: evidence that two capitalised words name a person, and of which gender."""

from __future__ import annotations

_MEN = (
    "Aaron Abdul Adam Adrian Ahmed Alan Albert Alejandro Alexander Alexei Alfonso Ali Allen Alvin Amir Anders Andre "
    "Andrei Andrew Andy Angel Anthony Antonio Antony Arnold Arthur Austin Barack Barry Ben Benjamin Bernard Bernie "
    "Bill Bob Bobby Boris Brad Bradley Brandon Brendan Brett Brian Bruce Bryan Byron Caleb Calvin Cameron Carl Carlos "
    "Cesar Chad Charles Charlie Chester Christian Christopher Chuck Clarence Claude Clayton Clint Clive Cody Colin "
    "Conor Corey Craig Curtis Cyril Dale Damian Dan Daniel Danny Darren Darryl Dave David Dean Dennis Derek Desmond "
    "Diego Dimitri Dmitry Dominic Don Donald Doug Douglas Duncan Dwayne Dwight Dylan Earl Ed Eddie Edgar Edmund "
    "Eduardo Edward Edwin Elijah Elliott Elon Emmanuel Enrique Eric Erik Ernest Ethan Eugene Evan Felipe Felix "
    "Fernando Francisco Francois Frank Franklin Fred Frederick Gabriel Gareth Garry Gary Gavin Gene Geoff Geoffrey "
    "George Gerald Gerard Giovanni Giuseppe Glen Glenn Gordon Graham Greg Gregory Guy Hans Harold Harry Harvey Hassan "
    "Hector Henry Herbert Herman Howard Hugh Hugo Hunter Ian Ibrahim Igor Imran Isaac Ivan Jack Jacob Jake Jamal "
    "James Jared Jason Javier Jay Jean Jeff Jeffrey Jeremy Jerome Jerry Jesse Jesus Jim Jimmy Joe Joel John Johnny "
    "Jon Jonathan Jorge Jose José Josef Joseph Josh Joshua Juan Julian Julio Justin Karl Keith Ken Kenneth Kenny "
    "Kevin Khalid Kirk Kurt Kyle Lance Larry Lars Lawrence Lee Leo Leon Leonard Leonardo Lewis Liam Lloyd Logan Lou "
    "Louis Luca Lucas Luis Luke Luther Mahmoud Malcolm Manuel Marc Marcel Marco Marcos Marcus Mario Mark Martin "
    "Marvin Mason Matt Matteo Matthew Maurice Max Maxwell Melvin Michael Michel Miguel Mike Mikhail Mitch Mohamed "
    "Mohammad Mohammed Morgan Moses Muhammad Mustafa Narendra Nathan Nathaniel Neil Nelson Nicholas Nick Nicolas "
    "Nigel Nikolai Noah Norman Oleg Oliver Omar Orlando Oscar Osama Otto Owen Pablo Patrick Paul Pedro Pete Peter "
    "Phil Philip Phillip Pierre Rafael Ralph Ramon Randall Randy Raul Ray Raymond Reginald Rex Ricardo Richard Rick "
    "Ricky Rob Robert Roberto Rod Rodney Rodrigo Roger Roland Roman Ron Ronald Ross Roy Russell Ryan Salman Salvador "
    "Sam Samuel Santiago Scott Sean Sebastian Sergei Sergey Sergio Seth Shane Shaun Shawn Sidney Silvio Simon Spencer "
    "Stanley Stefan Stephen Steve Steven Stuart Taylor Ted Terrence Terry Theodore Thomas Tim Timothy Todd Tom Tommy "
    "Tony Travis Trevor Troy Tyler Victor Viktor Vincent Vladimir Volodymyr Wade Wallace Walter Warren Wayne Wesley "
    "Will William Willie Xavier Yuri Yusuf Zachary"
)
_WOMEN = (
    "Abigail Ada Adriana Agnes Aisha Alejandra Alexandra Alexandria Alexis Alice Alicia Alison Allison Alyssa Amanda "
    "Amber Amelia Amy Ana Andrea Angela Angelina Angie Anita Ann Anna Anne Annette Annie Antonia April Ariana Ashley "
    "Audrey Barbara Beatrice Becky Bella Bernice Beth Betsy Betty Beverly Beyoncé Bianca Bonnie Brenda Brianna "
    "Bridget Britney Brittany Camila Camilla Candace Carla Carmen Carol Caroline Carolyn Carrie Catherine Cathy "
    "Cecilia Charlene Charlotte Chelsea Cheryl Chloe Christina Christine Cindy Claire Clara Claudia Colleen "
    "Condoleezza Connie Constance Courtney Crystal Cynthia Daniela Danielle Dawn Deborah Debra Denise Diana Diane "
    "Dolores Donna Doris Dorothy Edith Eileen Elaine Eleanor Elena Elisabeth Elise Elizabeth Ella Ellen Emily Emma "
    "Erica Erika Erin Esther Eva Eve Evelyn Faith Fatima Felicia Fiona Florence Frances Francesca Gabriela Gabrielle "
    "Gail Georgia Geraldine Gina Giorgia Gisele Gladys Gloria Grace Greta Gretchen Gwen Hailey Hannah Harriet Heather "
    "Heidi Helen Hilary Hillary Holly Hope Ida Ingrid Irene Isabel Isabella Ivanka Jackie Jacqueline Jacinda Jane "
    "Janet Janice Jasmine Jean Jeanne Jen Jenna Jennifer Jenny Jessica Jill Joan Joanna Joanne Jodie Joy Joyce "
    "Juanita Judith Judy Julia Juliana Julie June Kamala Karen Kate Katherine Kathleen Kathryn Kathy Katie Kayla "
    "Kelly Kendra Kerry Kim Kimberly Kirsten Kristen Kristin Kristina Krista Lara Laura Lauren Leah Leila Leslie "
    "Lillian Linda Lisa Liz Lizzo Lois Lori Lorraine Louise Lucia Lucy Lydia Lynn Madison Madonna Malala Margaret "
    "Maria Mariah Marie Marilyn Marina Marion Marjorie Marlene Martha Mary Maureen Maxine Megan Meghan Melania "
    "Melanie Melinda Melissa Mercedes Meredith Mia Michaela Michele Michelle Mildred Miranda Molly Monica Nadia Nancy "
    "Naomi Natalia Natalie Natasha Nichelle Nicole Nina Nora Norma Olga Olivia Oprah Paige Pamela Patricia Paula "
    "Pauline Penelope Peggy Phyllis Priscilla Rachel Raquel Rebecca Regina Renee Rihanna Rita Roberta Robin Rosa Rose "
    "Rosemary Roxanne Ruby Ruth Sabrina Sally Samantha Sandra Sanna Sara Sarah Savannah Serena Shannon Sharon Sheila "
    "Shelby Sherry Shirley Silvia Simone Sofia Sonia Sophia Sophie Stacey Stacy Stella Stephanie Sue Susan Suzanne "
    "Sylvia Tamara Tammy Tanya Tara Teresa Theresa Tiffany Tina Tracy Ursula Valerie Vanessa Vera Veronica Vicky "
    "Victoria Virginia Vivian Wanda Wendy Whitney Whoopi Yolanda Yvonne Zendaya Zoe"
)
_EITHER = (
    "Alex Avery Blake Casey Chris Dana Drew Jamie Jordan Lindsay Lindsey Pat Quinn Reese Riley Robin Sandy Sasha "
    "Shelly Sydney Tracey Jean Kim Leslie Shannon Taylor Morgan"
).split()

MEN = frozenset(_MEN.split()) - frozenset(_EITHER)
WOMEN = frozenset(_WOMEN.split()) - frozenset(_EITHER)
GIVEN_NAMES = MEN | WOMEN | frozenset(_EITHER)
